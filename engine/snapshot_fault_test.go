package engine

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/tezi-exchange/tezi/orderbook"
)

// A state that somebody has made up, with right checksums, is refused if it would index, divide or give back what
// it has not.
func TestMadeUpSnapshotIsRefused(t *testing.T) {
	first := func(c *Core) (own *owner) {
		c.eachOrder(func(o orderbook.RestingOrder) {
			if own == nil {
				own = &c.owners[o.Slot]
			}
		})
		return own
	}
	for name, fault := range map[string]func(c *Core){
		"no position":            func(c *Core) { first(c).position = 0 },
		"position out of range":  func(c *Core) { first(c).position = 1<<32 - 1 },
		"position behind all":    func(c *Core) { first(c).position += 1 << 20 },
		"another client":         func(c *Core) { first(c).client++ },
		"another member":         func(c *Core) { first(c).member++ },
		"another side":           func(c *Core) { first(c).side ^= 3 },
		"no side":                func(c *Core) { first(c).side = 77 },
		"reserve below 0":        func(c *Core) { first(c).reserved = -1 },
		"reserve beyond the sum": func(c *Core) { first(c).reserved++ },
		"no tick":                func(c *Core) { c.markets[1].tick = 0 },
		"no lot":                 func(c *Core) { c.markets[1].lot = 0 },
		"tick below 0":           func(c *Core) { c.markets[1].tick = -5 },
		"average":                func(c *Core) { c.markets[1].averageHi, c.markets[1].averageQty = 7, 7 },
		"phase":                  func(c *Core) { c.markets[1].phase = 200 },
		"number":                 func(c *Core) { c.markets[1].number = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			d, day := newAnyDesk(t, anyLimits), newAnyDay(3)
			for d.core.LiveOrders() == 0 {
				d.do(day.command())
			}
			sound, err := RestoreCore(anyLimits, nil, d.core.AppendState(nil))
			if err != nil {
				t.Fatal(err)
			}
			defer sound.Close()
			fault(sound)
			if c, err := RestoreCore(anyLimits, nil, sound.AppendState(nil)); !errors.Is(err, ErrSnapshot) || c != nil {
				t.Errorf("%v, want %v", err, ErrSnapshot)
			}
		})
	}
}

// Whatever word of a state is another one, with a right checksum: it is refused or restored, without a panic.
func TestMadeUpWordsDoNotPanic(t *testing.T) {
	d, day := newAnyDesk(t, anyLimits), newAnyDay(3)
	for range 300 {
		d.do(day.command())
	}
	state := d.core.AppendState(nil)
	refused, taken := 0, 0
	for at := len(snapshotMagic); at+12 <= len(state); at += 4 {
		was := binary.LittleEndian.Uint32(state[at:])
		binary.LittleEndian.PutUint32(state[at:], [...]uint32{^was, was + 1, 0}[at/4%3])
		resum(state)
		c, err := RestoreCore(anyLimits, nil, state)
		switch {
		case err == nil:
			taken++
			c.Close()
		case errors.Is(err, ErrSnapshot):
			refused++
		default:
			t.Fatalf("another word at byte %d: %v, want %v", at, err, ErrSnapshot)
		}
		binary.LittleEndian.PutUint32(state[at:], was)
	}
	if refused == 0 || taken == 0 {
		t.Errorf("%d refused, %d taken, want some of each", refused, taken)
	}
}

// resum makes the checksum at the end right.
func resum(state []byte) {
	n := len(state) - 8
	binary.LittleEndian.PutUint64(state[n:], xxhash.Sum64(state[:n]))
}
