//tezi:pure

package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// VetoOrder names an order that a participant refused; with Order 0, an instrument that halts because
// too many of its orders were.
type VetoOrder struct {
	Instrument uint32
	Order      orderbook.OrderID
}

// Veto is the answer of the engine to a NO with names (design D5): the orders are taken out of the
// market as if they had never been entered after command From-1. If such an order rests when From
// comes, it is cancelled; commands From..To that enter or modify it are rejected. Commands after To
// are not touched: the order number may be used again. An instrument that a veto names is in
// PhaseHalted from From on, until its next phase.
//
// A veto is a record of the command log, so that a rebuilt core decides the same.
type Veto struct {
	From, To uint64
	Orders   []VetoOrder
}

// vetoState is a veto and whether its resting orders have been cancelled.
type vetoState struct {
	Veto
	done bool
}

// addVeto adds a veto that the log holds next. The core has not applied its first command yet.
func (c *Core) addVeto(v Veto) { c.vetoes = append(c.vetoes, vetoState{Veto: v}) }

// vetoed cancels what a veto takes out of the book before cmd, and reports whether cmd itself is
// refused.
func (c *Core) vetoed(cmd *codec.Command) bool {
	refused := false
	for i := range c.vetoes {
		v := &c.vetoes[i]
		if cmd.Seq < v.From {
			continue
		}
		if !v.done {
			v.done = true
			c.cancelVetoed(v.Orders)
		}
		if cmd.Seq <= v.To && v.names(cmd) {
			refused = true
		}
	}
	return refused
}

func (c *Core) cancelVetoed(orders []VetoOrder) {
	for _, o := range orders {
		switch {
		case !c.defined(o.Instrument):
		case o.Order == 0:
			c.suspend(&c.markets[o.Instrument])
		default:
			c.remove(&c.markets[o.Instrument], o.Order, RemovedVeto) // an order that does not rest is refused at its entry
		}
	}
}

// suspend halts an instrument, whatever it is doing: its next phase goes on with the auction, at the price that it comes
// to then, and with the stop-loss orders that were reached.
func (c *Core) suspend(m *market) {
	m.phase, m.can, m.price = codec.PhaseHalted, phaseCan[codec.PhaseHalted], 0
	c.setWork(m, m.work&^workPending)
}

func (v *Veto) names(cmd *codec.Command) bool {
	if cmd.Kind != codec.KindNew && cmd.Kind != codec.KindModify {
		return false
	}
	for _, o := range v.Orders {
		if o.Order == cmd.Order && o.Instrument == cmd.Instrument && o.Order != 0 {
			return true
		}
	}
	return false
}

// appendVeto appends the record body: u64 from, u64 to, u32 n, u32 0, n x (u64 order, u32
// instrument, u32 0).
func appendVeto(dst []byte, v *Veto) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, v.From)
	dst = le.AppendUint64(dst, v.To)
	dst = le.AppendUint64(dst, uint64(uint32(len(v.Orders))))
	for _, o := range v.Orders {
		dst = le.AppendUint64(dst, uint64(o.Order))
		dst = le.AppendUint64(dst, uint64(o.Instrument))
	}
	return dst
}

// DecodeVeto reads the body of a RecordVeto.
func DecodeVeto(b []byte) (Veto, error) {
	if len(b) < 24 {
		return Veto{}, fmt.Errorf("%w: veto of %d bytes, want at least 24", ErrRecord, len(b))
	}
	le := binary.LittleEndian
	n := int(le.Uint32(b[16:]))
	if le.Uint32(b[20:]) != 0 || len(b) != 24+16*n {
		return Veto{}, fmt.Errorf("%w: veto of %d orders in %d bytes, want %d", ErrRecord, n, len(b), 24+16*n)
	}
	v := Veto{From: le.Uint64(b), To: le.Uint64(b[8:]), Orders: make([]VetoOrder, n)}
	for i := range v.Orders {
		at := b[24+16*i:]
		if le.Uint32(at[12:]) != 0 {
			return Veto{}, fmt.Errorf("%w: veto with % x behind an instrument, want zeros", ErrRecord, at[12:16])
		}
		v.Orders[i] = VetoOrder{Order: orderbook.OrderID(le.Uint64(at)), Instrument: le.Uint32(at[8:])}
	}
	return v, nil
}
