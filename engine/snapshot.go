//tezi:pure

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/pretrade"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The state of a core as AppendState writes it, little-endian:
//
//	magic      8 bytes, the last is the version
//	limits     OrdersMax, InstrumentsMax, ClientsMax, PositionsMax, FillsMax, OrderValueMax: u64 each
//	position   last command, next trade, time, why it is halted: u64 each
//	counts     as in memory
//	n          u64, instruments
//	markets    n x 192 bytes, as in memory
//	flexes     n x 384 bytes, as in memory
//	accounts   u64 length, bytes of package pretrade
//	books      u64 length, bytes of package orderbook
//	owners     16 bytes for each live order, in the order of eachOrder
//	checksum   u64, xxHash of all of it
const snapshotMagic = "TZCORE\x00\x04"

// ErrSnapshot is wrapped by every error about a snapshot: it is damaged, of another version, or of a
// core with other limits.
var ErrSnapshot = errors.New("engine: not a snapshot of this core")

// AppendState appends the whole state to dst. A core restored from it goes on as this one does.
func (c *Core) AppendState(dst []byte) []byte {
	from, le := len(dst), binary.LittleEndian
	dst = append(dst, snapshotMagic...)
	for _, n := range c.limits.sizes() {
		dst = le.AppendUint64(dst, n)
	}
	for _, n := range [...]uint64{c.last, c.nextTrade, uint64(c.timeNs), uint64(c.halted)} {
		dst = le.AppendUint64(dst, n)
	}
	dst = append(dst, bytesOf([]Counts{c.counts})...)
	dst = le.AppendUint64(dst, uint64(len(c.books)-1))
	dst = append(dst, bytesOf(c.markets[1:])...)
	dst = append(dst, bytesOf(c.flexes[1:])...)
	dst = appendSized(dst, c.accounts.AppendState)
	dst = appendSized(dst, c.arena.AppendState)
	c.eachOrder(func(_ uint32, o orderbook.RestingOrder) { dst = append(dst, bytesOf(c.owners[o.Slot:o.Slot+1])...) })
	return le.AppendUint64(dst, xxhash.Sum64(dst[from:]))
}

// sizes are the limits that a snapshot must agree with; those of margins are in the state of the accounts.
func (l Limits) sizes() [6]uint64 {
	return [...]uint64{
		uint64(l.OrdersMax), uint64(l.InstrumentsMax), uint64(l.ClientsMax), uint64(l.PositionsMax), uint64(l.FillsMax),
		uint64(l.OrderValueMax),
	}
}

// appendSized appends what add appends, with its length before it.
func appendSized(dst []byte, add func([]byte) []byte) []byte {
	at := len(dst)
	dst = add(append(dst, make([]byte, 8)...))
	binary.LittleEndian.PutUint64(dst[at:], uint64(len(dst)-at-8))
	return dst
}

// RestoreCore returns a core in the state that AppendState wrote, of a core with the same limits. vetoes
// are those that the log holds so far. It keeps nothing of data. The error wraps ErrSnapshot. Any bytes may
// come: what is restored indexes and divides by nothing that it has not, and its parts fit together (coherent).
func RestoreCore(l Limits, vetoes []Veto, data []byte) (*Core, error) {
	c, err := newCore(l, vetoes)
	if err != nil {
		return nil, err
	}
	if err := c.restore(data); err != nil {
		if c.arena != nil {
			c.arena.Close()
		}
		c.accounts.Close()
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	for i := range c.vetoes {
		c.vetoes[i].done = c.vetoes[i].From <= c.last
	}
	return c, nil
}

func (c *Core) restore(data []byte) error {
	n := len(data)
	if n < len(snapshotMagic)+8 || string(data[:len(snapshotMagic)]) != snapshotMagic {
		return errors.New("another magic number or version")
	}
	if xxhash.Sum64(data[:n-8]) != binary.LittleEndian.Uint64(data[n-8:]) {
		return errors.New("another checksum")
	}
	r := snapshotReader{rest: data[len(snapshotMagic) : n-8]}
	for i, want := range c.limits.sizes() {
		if got := r.word(); got != want {
			return fmt.Errorf("limit %d is %d, want %d", i, got, want)
		}
	}
	c.last, c.nextTrade, c.timeNs = r.word(), r.word(), int64(r.word())
	halted := r.word()
	if halted >= uint64(orderbook.RejectReasonCount) {
		return fmt.Errorf("halted for reason %d, there are %d", halted, orderbook.RejectReasonCount)
	}
	c.halted = orderbook.RejectReason(halted)
	counts := []Counts{{}}
	r.into(bytesOf(counts))
	c.counts = counts[0]
	instruments := r.word()
	if instruments > uint64(c.limits.InstrumentsMax) {
		return fmt.Errorf("%d instruments, at most %d", instruments, c.limits.InstrumentsMax)
	}
	c.markets, c.flexes = c.markets[:instruments+1], c.flexes[:instruments+1]
	r.into(bytesOf(c.markets[1:]))
	r.into(bytesOf(c.flexes[1:]))
	for i := range c.markets[1:] {
		m := &c.markets[i+1]
		if m.scale > priceScaleMax {
			return fmt.Errorf("instrument %d has prices of %d decimal digits, want at most %d", i+1, m.scale, priceScaleMax)
		}
		c.accounts.SetScale(uint32(i+1), m.scale)
	}
	if err := c.accounts.Restore(r.sized()); err != nil {
		return err
	}
	return c.restoreBooks(&r)
}

// restoreBooks reads the books and the owners of their orders.
func (c *Core) restoreBooks(r *snapshotReader) error {
	arena, books, err := orderbook.RestoreArena(r.sized())
	if err != nil {
		return err
	}
	c.arena, c.books = arena, append(c.books, books...)
	if arena.Cap() != c.limits.OrdersMax || len(c.books) != len(c.markets) {
		return fmt.Errorf("%d books for %d orders, want %d for %d", len(books), arena.Cap(), len(c.markets)-1, c.limits.OrdersMax)
	}
	if err := c.restoreOwners(r); err != nil {
		return err
	}
	if r.short || len(r.rest) != 0 {
		return errors.New("another length")
	}
	for i := range c.markets {
		m := &c.markets[i]
		switch {
		case int(m.number) != i || m.phase >= codec.PhaseCount:
			return fmt.Errorf("instrument %d is number %d in phase %d", i, m.number, m.phase)
		case i > 0 && (m.tick < 1 || m.lot < 1):
			return fmt.Errorf("instrument %d has tick %d and lot %d, want at least 1", i, m.tick, m.lot)
		case m.work&workPending != 0:
			c.pending++
		}
	}
	return c.coherent()
}

// restoreOwners reads the owners of the orders. What the accounts hold for a position is what its orders need (E9).
func (c *Core) restoreOwners(r *snapshotReader) error {
	c.owners = make([]owner, c.arena.Slots())
	reserved := make([][2]int64, c.accounts.Positions())
	var err error
	c.eachOrder(func(instrument uint32, o orderbook.RestingOrder) {
		r.into(bytesOf(c.owners[o.Slot : o.Slot+1]))
		if err == nil {
			err = c.checkOwner(instrument, &o, reserved)
		}
	})
	for i := range reserved {
		if _, buy, sell := c.accounts.Net(pretrade.Position(i + 1)); err == nil && reserved[i] != [2]int64{buy, sell} {
			err = fmt.Errorf("position %d reserves %d and %d, its orders need %d", i+1, buy, sell, reserved[i])
		}
	}
	return err
}

// checkOwner checks the owner of an order, and adds what is reserved for it to the sum of its position and side.
func (c *Core) checkOwner(instrument uint32, o *orderbook.RestingOrder, reserved [][2]int64) error {
	own := &c.owners[o.Slot]
	if zero := bytesOf(c.owners[o.Slot : o.Slot+1])[ownerSize-1]; zero != 0 {
		return fmt.Errorf("order %d in instrument %d: its owner ends with %#x, want 0", o.ID, instrument, zero)
	}
	if own.side != o.Side || own.reserved < 0 || !c.accounts.Is(own.position, own.member, own.client, instrument) {
		return fmt.Errorf("order %d on side %v in instrument %d is of client %d of member %d on side %v, position %d of %d, reserving %d a share",
			o.ID, o.Side, instrument, own.client, own.member, own.side, own.position, len(reserved), own.reserved)
	}
	if c.accounts.Killed(own.member, own.client, instrument) {
		return fmt.Errorf("order %d in instrument %d is of client %d of member %d, for whom a kill switch stands", o.ID, instrument, own.client, own.member)
	}
	_, buy, sell := c.accounts.Net(own.position)
	open, sum := [...]int64{buy, sell}[own.side-orderbook.Buy], &reserved[own.position-1][own.side-orderbook.Buy]
	if worth := own.worth(o.Qty); worth > open-*sum {
		return fmt.Errorf("order %d needs %d, of %d that position %d reserves %d are left", o.ID, worth, open, own.position, open-*sum)
	}
	*sum += own.worth(o.Qty)
	return nil
}

// snapshotReader takes values off the front of a snapshot. What is missing reads as zero.
type snapshotReader struct {
	rest  []byte
	short bool
}

func (r *snapshotReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.short, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *snapshotReader) into(dst []byte) { copy(dst, r.take(uint64(len(dst)))) }
func (r *snapshotReader) sized() []byte   { return r.take(r.word()) }

func (r *snapshotReader) word() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
