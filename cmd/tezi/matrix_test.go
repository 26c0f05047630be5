package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
)

// faultsAll asks for the whole matrix of faults: make faults sets it.
const faultsAll = "TEZI_FAULTS"

func wholeMatrix() bool { return os.Getenv(faultsAll) != "" }

// cells counts the faults of the matrix that have come to their end, good or bad.
var cells atomic.Int64

// cell is called where a fault of the matrix begins that is a test of its own.
func cell(t *testing.T) { t.Cleanup(func() { cells.Add(1) }) }

// matrixMain runs the tests, and says how much of the matrix that was.
type matrixMain struct{ *testing.M }

func (m matrixMain) Run() int {
	code := m.M.Run()
	if wholeMatrix() {
		fmt.Printf("%d cells of the fault matrix\n", cells.Load())
	}
	return code
}
