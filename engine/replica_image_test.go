package engine

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// vetoedRun is the log of an engine that has died three times, with vetoes in between.
func vetoedRun(t *testing.T) (*memoryLog, Limits) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	cmds := randomFlow(31, 4000)
	var c crashing
	n := 0
	veto := func(tr *codec.Trade) uint8 {
		if n++; n%500 == 0 && tr.TakerClient != 0 {
			return batch3pc.VetoTaker
		}
		return 0
	}
	var limits Limits
	for _, dieAt := range []int{3, 7, 5, 0} {
		b, _, err := c.life(t, r, cmds, dieAt, veto)
		if err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		limits = b.cfg.Limits
	}
	return c.log, limits
}

// TestReplicaSnapshot: from a snapshot at any record of a log on, the rest of the log gives the same as
// the whole log, to the byte (E1, E11).
func TestReplicaSnapshot(t *testing.T) {
	log, limits := vetoedRun(t)
	whole := replicaOf(t, limits, log, 0, len(log.kinds), nil)
	defer whole.Close()
	want := whole.AppendSnapshot(nil)
	r, undecided, vetoes := rand.New(rand.NewPCG(5, 6)), 0, 0
	for range 60 {
		n := r.IntN(len(log.kinds) + 1)
		before := replicaOf(t, limits, log, 0, n, nil)
		snapshot := before.AppendSnapshot(nil)
		undecided, vetoes = undecided+len(before.path), vetoes+len(before.vetoes)
		before.Close()
		after := replicaOf(t, limits, log, n, len(log.kinds), snapshot)
		if got := after.AppendSnapshot(nil); !bytes.Equal(got, want) || after.core.StateHash() != whole.core.StateHash() {
			t.Fatalf("from record %d of %d on the log gives something else", n, len(log.kinds))
		}
		after.Close()
	}
	if undecided == 0 || vetoes == 0 {
		t.Errorf("%d undecided batches and %d vetoes in the snapshots: they prove little", undecided, vetoes)
	}
}

// replicaOf takes records from to to, behind a snapshot if there is one.
func replicaOf(t *testing.T, limits Limits, log *memoryLog, from, to int, snapshot []byte) *Replica {
	t.Helper()
	r, err := RecoverReplica(limits, func(load func([]byte) error, take func(uint8, []byte) error) error {
		if snapshot != nil {
			if err := load(snapshot); err != nil {
				return err
			}
		}
		for i := from; i < to; i++ {
			if err := take(log.kinds[i], log.bodies[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDamagedReplicaSnapshot changes and cuts bytes: each time a typed error.
func TestDamagedReplicaSnapshot(t *testing.T) {
	log, limits := vetoedRun(t)
	r := replicaOf(t, limits, log, 0, len(log.kinds), nil)
	data := r.AppendSnapshot(nil)
	r.Close()
	dice := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		i := dice.IntN(len(data))
		bad := bytes.Clone(data)
		bad[i] ^= 1 << dice.IntN(8)
		for _, b := range [][]byte{bad, data[:i]} {
			if r, err := RestoreReplica(limits, b); !errors.Is(err, ErrSnapshot) {
				t.Fatalf("byte %d of %d: %v, %v", i, len(data), r, err)
			}
		}
	}
	other := limits
	other.FillsMax++
	if _, err := RestoreReplica(other, data); !errors.Is(err, ErrSnapshot) {
		t.Fatalf("other limits: %v", err)
	}
}

// TestMadeUpReplicaSnapshot changes bytes and makes the checksum right: it is refused or restored, without a panic.
func TestMadeUpReplicaSnapshot(t *testing.T) {
	log, limits := vetoedRun(t)
	r := replicaOf(t, limits, log, 0, len(log.kinds), nil)
	data := r.AppendSnapshot(nil)
	r.Close()
	dice := rand.New(rand.NewPCG(9, 10))
	for range 600 {
		bad := bytes.Clone(data)
		i := len(replicaMagic) + dice.IntN(len(data)-len(replicaMagic)-8)
		bad[i] = [...]byte{bad[i] ^ 1<<dice.IntN(8), byte(dice.Uint32()), 0, 0xff}[dice.IntN(4)]
		resum(bad)
		r, err := RestoreReplica(limits, bad)
		if err == nil {
			r.Close()
		} else if !errors.Is(err, ErrSnapshot) {
			t.Fatalf("byte %d of %d: %v, want %v", i, len(data), err, ErrSnapshot)
		}
	}
}

// TestReplicaSnapshotOfOtherWords: a word that is 0 or 1 has another value, and the checksum is right: what a later version may
// mean by it is not ignored.
func TestReplicaSnapshotOfOtherWords(t *testing.T) {
	log, limits := vetoedRun(t)
	r := replicaOf(t, limits, log, 0, len(log.kinds), nil)
	defer r.Close()
	data := r.AppendSnapshot(nil)
	const ended, opens = len(replicaMagic) + 4*8, len(replicaMagic) + 5*8 + sealedSize
	for what, at := range map[string]int{"ended": ended, "opens a generation": opens} {
		bad := bytes.Clone(data)
		bad[at] |= 2
		resum(bad)
		if _, err := RestoreReplica(limits, bad); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s is %d: %v, want %v", what, bad[at], err, ErrSnapshot)
		}
	}
}
