// Package profile writes what the Go runtime knows about a process, for one process of several: where its time goes
// (cpu), what it holds and has allocated (mem), what it waits for (block), and when its goroutines ran (trace).
//
//	tezi bench commit --profile cpu,block --out DIR
//	    │ Set{[cpu block], DIR}, passed on to the processes that it starts
//	    ▼
//	DIR/coordinator.cpu.pprof  DIR/coordinator.block.pprof  DIR/node-1-risk.cpu.pprof ...
//
// What is profiled is slower: a run with profiles shows where time goes, and is no measurement.
package profile
