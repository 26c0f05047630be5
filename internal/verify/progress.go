package verify

import (
	"sync/atomic"

	"github.com/tezi-exchange/tezi/bench"
)

// Progress is how far a verification has come. Anybody may ask it while RunWatched runs.
type Progress struct {
	commands atomic.Uint64 // matched again; those that lead to a snapshot as often as they are
	total    atomic.Uint64 // that commands will be in the end; 0 until the command log was read once
	trades   atomic.Uint64 // of committed batches, proven so far
	batches  atomic.Uint64 // likewise
}

// Status is what a status line shows of it.
func (p *Progress) Status() bench.Status {
	return bench.Status{Task: "verifying", Done: p.commands.Load(), Total: p.total.Load(), Trades: p.trades.Load(), Batches: p.batches.Load()}
}
