package transport

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// futex is the kernel's sleep on several words (futex_waitv, since Linux 5.16) that more than one process has
// mapped.
type futex struct{}

// kernel wakes; whether one can sleep by it as well, sleeper says.
var kernel ringbuf.Sleeper = futex{}

const (
	sysFutexWaitv = 449 // the same number on every architecture
	futexWake     = 1
	futexWord32   = 2
)

// futexWaiter is struct futex_waitv.
type futexWaiter struct {
	value   uint64
	address uint64
	flags   uint32
	_       uint32
}

// sleeper is kernel, or nil where the kernel does not know the call or does not allow it: without words it is an
// invalid argument.
var sleeper = sync.OnceValue(func() ringbuf.Sleeper {
	if _, _, errno := unix.RawSyscall6(sysFutexWaitv, 0, 0, 0, 0, 0, 0); errno != unix.EINVAL {
		return nil
	}
	return kernel
})

// Sleep implements ringbuf.Sleeper.
func (futex) Sleep(words []*atomic.Uint32, value uint32, d time.Duration) {
	var waiters [ringbuf.SleepWordsMax]futexWaiter
	for i, w := range words {
		waiters[i] = futexWaiter{value: uint64(value), address: uint64(uintptr(unsafe.Pointer(w))), flags: futexWord32}
	}
	var end unix.Timespec
	var until unsafe.Pointer
	if d > 0 {
		end = unix.NsecToTimespec(beganNs + int64(time.Since(began)+d))
		until = unsafe.Pointer(&end)
	}
	beSeen()
	_, _, errno := unix.Syscall6(sysFutexWaitv, uintptr(unsafe.Pointer(&waiters)), uintptr(len(words)), 0,
		uintptr(until), unix.CLOCK_MONOTONIC, 0)
	switch errno {
	case 0, unix.EAGAIN, unix.EINTR, unix.ETIMEDOUT:
	case unix.ENOMEM:
		time.Sleep(time.Millisecond) // late, but nothing is missed: whoever waits looks again
	default:
		panic("transport: cannot sleep: " + errno.Error())
	}
}

// seenEvery is how often a goroutine that sleeps in the kernel passes through the scheduler of Go's runtime: in less than
// the 10 ms after which the runtime believes that somebody keeps a processor to himself.
const seenEvery = 5 * time.Millisecond

var (
	began   = time.Now()
	beganNs = monotonic() // the same moment by the kernel's clock, or a little later
	seen    atomic.Int64  // when somebody has last passed, in nanoseconds since then
)

// monotonic is the clock of futex_waitv. To ask for it is a system call, so it is asked once.
func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic("transport: no monotonic clock: " + err.Error())
	}
	return now.Nano()
}

// beSeen tells the runtime that the processor was given up meanwhile, which sleeping in a system call does not. Otherwise
// its watcher thread takes the processor away at each sleep, and to be able to do so wakes up every 20 microseconds:
// 8,000 times a second in the four processes of tezi bench commit --transport shm --window 1, with this 2,000 times, and
// 993 in place of 1,409 ns of all processors a trade where the machine is busy.
func beSeen() {
	if now := int64(time.Since(began)); now-seen.Load() > int64(seenEvery) {
		seen.Store(now)
		runtime.Gosched()
	}
}

// Rouse implements ringbuf.Sleeper.
func (futex) Rouse(word *atomic.Uint32) {
	_, _, errno := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1, 0, 0, 0)
	if errno != 0 {
		panic("transport: cannot wake: " + errno.Error())
	}
}
