package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tezi-exchange/tezi/internal/box"
)

// interruptNotice is after how long somebody who pressed Ctrl-C is told that we are still at it.
const interruptNotice = time.Second

// interruptOnce is for how long a signal may come again without being meant twice: timeout(1) signals the process and then
// its whole group, to which the process belongs.
const interruptOnce = 200 * time.Millisecond

// interruptible returns a context that the first SIGINT or SIGTERM cancels, or the SIGHUP of a terminal that is gone, so
// that what is open is finished in order. The second one ends the program at once. A SIGHUP that is ignored, as nohup has
// it, stays so.
func interruptible(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		cancel()
		time.AfterFunc(interruptNotice, func() {
			fmt.Fprintln(stderr, box.ErrorPrefix+"interrupted: finishing what is open; once more ends at once")
		})
		again(signals)
		fmt.Fprintln(stderr, box.ErrorPrefix+"interrupted twice: ended at once")
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// again waits, after a first signal, for a second one that is meant.
func again(signals <-chan os.Signal) {
	for first := time.Now(); ; {
		<-signals
		if time.Since(first) >= interruptOnce {
			return
		}
	}
}

// orInterrupted does work that may wait for a pipe for ever. When ctx ends it is no longer waited for, or only for
// the grace that it needs to leave nothing behind: the program ends, and the work with it.
func orInterrupted(ctx context.Context, grace time.Duration, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return ctx.Err()
	}
}
