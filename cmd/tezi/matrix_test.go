package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
)

// faultsAll asks for the whole matrix of faults: make faults sets it.
const faultsAll = "TEZI_FAULTS"

func wholeMatrix() bool { return os.Getenv(faultsAll) != "" }

// cells counts the faults of the matrix that have come to their end, good or bad.
var cells atomic.Int64

// cell is called where a fault of the matrix begins that is a test of its own.
func cell(t *testing.T) { t.Cleanup(func() { cells.Add(1) }) }

// matrixMain runs the tests, and says how much of the matrix that was, and why scripts failed. What ignores the end of its terminal
// has that from whoever started it: the programs of the scripts are not to have it from whoever started the tests.
type matrixMain struct{ *testing.M }

func (m matrixMain) Run() int {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code := m.M.Run()
	if wholeMatrix() {
		fmt.Printf("%d cells of the fault matrix\n", cells.Load())
	}
	fmt.Print(failures.text.String())
	return code
}
