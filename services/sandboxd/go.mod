module rollyard.dev/sandboxd

go 1.24
