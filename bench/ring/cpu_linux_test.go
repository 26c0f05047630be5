package ring

import (
	"time"

	"golang.org/x/sys/unix"
)

// processTime is how long the threads of this process have run.
func processTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
