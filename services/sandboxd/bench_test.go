package main

import (
	"sort"
	"strconv"
	"testing"
	"time"
)

// BenchmarkExec runs /bin/true, one call after the other. SANDBOXD_BINARY names
// a real build.
func BenchmarkExec(b *testing.B) {
	s := startSandbox(b)
	var took []time.Duration
	n := 0
	for b.Loop() {
		n++
		started := time.Now()
		r := s.exec(object{"call_id": strconv.Itoa(n)})
		took = append(took, time.Since(started))
		if r.status != 200 {
			b.Fatalf("status %d", r.status)
		}
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(float64(peakKiB(b, s.command.Process.Pid)), "peak-KiB")
}

// BenchmarkBubblewrapStartStop starts and stops 20 sandboxes at once, again and
// again: with an empty workdir, and with a corpus of 500 files.
func BenchmarkBubblewrapStartStop(b *testing.B) {
	corpus := b.TempDir()
	for i := range 500 {
		write(b, corpus+"/d"+strconv.Itoa(i%20)+"/f"+strconv.Itoa(i), string(make([]byte, 4000)), 0o644)
	}
	b.Run("empty", func(b *testing.B) { startAndStop(b, nil) })
	b.Run("500files", func(b *testing.B) { startAndStop(b, corpus) })
}

func startAndStop(b *testing.B, corpus any) {
	openTestBinary(b)
	s := startSupervisor(b)
	s.next("hello")
	const batch = 20
	n, copyMs, bootMs := 0, 0.0, 0.0
	for b.Loop() {
		for range batch {
			n++
			start := s.wrapped("b" + strconv.Itoa(n))
			start["copy_from"] = corpus
			s.send(start)
		}
		for range batch {
			ready := s.next("ready")
			copyMs += ready["copy_ms"].(float64)
			bootMs += ready["boot_ms"].(float64)
		}
		for i := range batch {
			s.send(object{"op": "stop", "id": "b" + strconv.Itoa(n-i)})
		}
		for range batch {
			s.next("stopped")
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "sandboxes/s")
	b.ReportMetric(copyMs/float64(n), "copy-ms")
	b.ReportMetric(bootMs/float64(n), "boot-ms")
}
