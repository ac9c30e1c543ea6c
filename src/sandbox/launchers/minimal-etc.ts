/** A file of the sandbox's own `/etc`. */
export interface EtcFile {
  readonly name: string;
  readonly content: string;
}

/** The name that the agent's user has inside. */
export const SANDBOX_USER = "agent";

/** Its home, private and empty at start. */
export const SANDBOX_HOME = `/home/${SANDBOX_USER}`;

/** The files that programs expect in `/etc`, naming nobody of this machine. */
export function minimalEtc(uid: number): readonly EtcFile[] {
  return [
    {
      name: "passwd",
      content: `root:x:0:0:root:/root:/usr/sbin/nologin\n${userLine(uid)}nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n`,
    },
    { name: "group", content: `root:x:0:\n${groupLine(uid)}nogroup:x:65534:\n` },
    { name: "hosts", content: "127.0.0.1 localhost sandbox\n::1 localhost sandbox\n" },
    { name: "nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files dns\n" },
  ];
}

function userLine(uid: number): string {
  return uid === 0 ? "" : `${SANDBOX_USER}:x:${uid}:${uid}:${SANDBOX_USER}:${SANDBOX_HOME}:/bin/sh\n`;
}

function groupLine(uid: number): string {
  return uid === 0 ? "" : `${SANDBOX_USER}:x:${uid}:\n`;
}

/** Files and folders of the machine's `/etc` that hold no secret and that programs under `/usr` need. */
export const SHARED_ETC = [
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "alternatives",
  "ssl/certs",
  "ssl/openssl.cnf",
  "ca-certificates",
  "pki/tls/certs",
  "pki/ca-trust/extracted",
  "crypto-policies",
  "localtime",
  "mime.types",
  "protocols",
  "services",
] as const;
