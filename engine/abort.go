package engine

import (
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// refused answers a NO. A veto opens a ballot of its own (every abort is a START in a fresh epoch,
// PROTOCOL.md S3c); the book is rolled back when that ballot is active and its base known. Any
// other refusal is a fault that nobody may gloss over.
func (e *Engine) refused(r *batch3pc.Refusal) error {
	if r.Reason != batch3pc.ReasonVeto {
		return fmt.Errorf("%w: %s refused batch %d", ErrContradiction, e.peerOf(r.From).Name, r.Seq)
	}
	e.vetoRow++
	held := *r
	held.Veto = append([]byte(nil), r.Veto...)
	e.rolling = &held
	return e.do(e.coord.Open())
}

// rollback takes the book back to the state after batch base, takes the refused orders out of the
// market, and queues the commands after base to be matched again. The way back is the way of every
// recovery: a fresh core that replays the command log.
func (e *Engine) rollback(base batch3pc.Seq) error {
	refusal := e.rolling
	at := e.win.find(refusal.Seq)
	if at == nil || refusal.Seq <= base {
		panic("engine: the refused batch is not above the base of the new ballot")
	}
	orders := vetoedOrders(at.payload, refusal.Veto)
	if len(orders) == 0 {
		return fmt.Errorf("%w: %s refused batch %d and named no trade", ErrContradiction, e.peerOf(refusal.From).Name, refusal.Seq)
	}
	halted := 0
	if e.vetoRow >= e.cfg.VetoesMax {
		orders, halted = haltInstruments(orders)
	}
	e.aborted += uint64(e.win.truncate(base))
	end := *e.win.last()
	v := Veto{From: end.lastCommand + 1, To: e.seq, Orders: orders}
	e.mustPut(RecordVeto, appendVeto(nil, &v))
	if err := e.logBarrier(); err != nil {
		return err
	}
	if err := e.rebuild(batch3pc.Position{Seq: end.seq, Chain: end.chain}); err != nil {
		return err
	}
	e.arrival, e.marks = e.arrival[:0], e.marks[:0]
	e.rolling = nil
	e.ports.Notify(Notice{Kind: NoticeVeto, Peer: e.peerOf(refusal.From).Name, Seq: refusal.Seq, Orders: len(orders) - halted, Halted: halted})
	return nil
}

// haltInstruments adds to refused orders that their instruments halt: taking out orders has not helped,
// so something is wrong with these instruments, and trading goes on in the others.
func haltInstruments(orders []VetoOrder) (all []VetoOrder, halted int) {
	for _, o := range orders {
		halt := VetoOrder{Instrument: o.Instrument}
		if !slices.Contains(orders, halt) {
			orders = append(orders, halt)
			halted++
		}
	}
	return orders, halted
}

// vetoedOrders collects the orders that the veto bits name, each once.
func vetoedOrders(payload, veto []byte) []VetoOrder {
	p, err := codec.DecodePayload(payload, nil)
	if err != nil {
		panic("engine: own payload does not decode: " + err.Error())
	}
	var orders []VetoOrder
	seen := map[VetoOrder]bool{}
	add := func(o VetoOrder) {
		if !seen[o] {
			seen[o] = true
			orders = append(orders, o)
		}
	}
	for i := range p.Trades {
		bits, t := batch3pc.VetoBits(veto, i), &p.Trades[i]
		if bits&batch3pc.VetoTaker != 0 {
			add(VetoOrder{t.Instrument, t.Taker})
		}
		if bits&batch3pc.VetoMaker != 0 {
			add(VetoOrder{t.Instrument, t.Maker})
		}
	}
	return orders
}

// rebuild replaces the core by one that has replayed the log up to base, which is above every snapshot; what the log holds beyond
// goes to the backlog.
func (e *Engine) rebuild(base batch3pc.Position) error {
	r, err := RecoverReplica(e.cfg.Limits, e.ports.Log.Recover)
	if err != nil {
		return err // the run ends, and its result is that of the core as it is
	}
	e.core.Close()
	e.core = r.core
	if base.Seq > r.settled.Seq {
		if err := r.settle(base, nil); err != nil {
			return err
		}
	}
	e.adopt(r)
	return nil
}
