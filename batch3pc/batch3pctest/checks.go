package batch3pctest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// voteDeterministic plays one schedule twice: same votes, same states.
func voteDeterministic(s *Subject, t testing.TB, seed uint64) error {
	steps, err := newPlay(s, t).random(dice(seed))
	if err != nil {
		return err
	}
	again := newPlay(s, t)
	for i, st := range steps {
		switch st.kind {
		case vote:
			v, err := again.vote(st.batch, false)
			if err = errors.Join(err, sameVote(st.batch, v, st.voted)); err != nil {
				return err
			}
		case apply:
			again.apply()
		case drop:
			again.drop()
		}
		if !bytes.Equal(again.state(), st.state) {
			return fmt.Errorf("step %d: the same calls gave another state", i)
		}
	}
	return nil
}

// voteIgnoresProgress gives one stream to an App that applies at once and to one that applies as late as
// the window allows: same votes, same final state.
func voteIgnoresProgress(s *Subject, t testing.TB, seed uint64) error {
	r, eager, late := dice(seed), newPlay(s, t), newPlay(s, t)
	for range stepsMax / 2 {
		b := eager.next(r)
		first, err := eager.vote(b, false)
		if err != nil {
			return err
		}
		second, err := late.vote(b, false)
		if err = errors.Join(err, sameVote(b, second, first)); err != nil {
			return fmt.Errorf("with %d batches voted for and not applied: %w", late.undecided(), err)
		}
		if first.Yes {
			eager.apply()
		}
		if late.undecided() == windowMax {
			late.apply()
		}
	}
	for late.undecided() > 0 {
		late.apply()
	}
	if !bytes.Equal(eager.state(), late.state()) {
		return errors.New("the state depends on when batches were applied")
	}
	return nil
}

// nothingBeforeApply looks at the state around every vote and drop.
func nothingBeforeApply(s *Subject, t testing.TB, seed uint64) error {
	p := newPlay(s, t)
	before := p.state()
	steps, err := p.random(dice(seed))
	if err != nil {
		return err
	}
	for i, st := range steps {
		if st.kind != apply && !bytes.Equal(st.state, before) {
			return fmt.Errorf("step %d: a %s shows in the state", i, map[kind]string{vote: "vote", drop: "drop"}[st.kind])
		}
		before = st.state
	}
	return nil
}

// dropLeavesNoTrace compares an App that has seen batches come and go with one that was given only those
// which stayed, and then gives both the same batches.
func dropLeavesNoTrace(s *Subject, t testing.TB, seed uint64) error {
	r, p, clean := dice(seed), newPlay(s, t), newPlay(s, t)
	if _, err := p.random(r); err != nil {
		return err
	}
	for i, b := range p.log {
		v, err := clean.vote(b, false)
		if err != nil || !v.Yes {
			return fmt.Errorf("batch %d: voted %+v (%v) without those that were dropped, yes with them", b.Seq, v, err)
		}
		if i < p.applied {
			clean.apply()
		}
	}
	for p.undecided() > 0 && r.IntN(3) > 0 {
		p.drop()
		clean.drop()
	}
	for range windowMax - p.undecided() {
		b := p.next(r)
		v, err := p.vote(b, false)
		w, err2 := clean.vote(b, false)
		if err = errors.Join(err, err2, sameVote(b, v, w)); err != nil {
			return fmt.Errorf("after drops: %w", err)
		}
	}
	for p.undecided() > 0 {
		p.apply()
		clean.apply()
		if !bytes.Equal(p.state(), clean.state()) {
			return errors.New("what was dropped shows in the state")
		}
	}
	return nil
}

// decidedIsAccepted makes every batch a decided one, whether the App would have refused it or not, lets
// some of them be dropped and come back, and applies them all.
func decidedIsAccepted(s *Subject, t testing.TB, seed uint64) error {
	r, p, twin := dice(seed), newPlay(s, t), newPlay(s, t)
	for range stepsMax / 2 {
		b := p.next(r)
		for _, x := range []*play{p, twin} {
			if _, err := x.vote(b, true); err != nil {
				return err
			}
		}
		if r.IntN(4) == 0 {
			p.drop()
			if _, err := p.vote(b, true); err != nil {
				return err
			}
		}
		for p.undecided() > 0 && (p.undecided() == windowMax || r.IntN(2) == 0) {
			p.apply()
			twin.apply()
			if !bytes.Equal(p.state(), twin.state()) {
				return fmt.Errorf("batch %d, decided: two Apps have different states", p.log[p.applied-1].Seq)
			}
		}
	}
	return nil
}

// batchIsLent overwrites every payload as soon as the App has no right to it any more, as a participant
// does that uses its buffers again. Nothing changes by that.
func batchIsLent(s *Subject, t testing.TB, seed uint64) error {
	p := newPlay(s, t)
	steps, err := p.random(dice(seed))
	if err != nil {
		return err
	}
	lent := newPlay(s, t)
	for i, st := range steps {
		switch st.kind {
		case vote:
			b := *st.batch
			b.Payload = bytes.Clone(b.Payload)
			v, err := lent.vote(&b, false)
			if err = errors.Join(err, sameVote(&b, v, st.voted)); err != nil {
				return fmt.Errorf("after earlier payloads were overwritten: %w", err)
			}
			if !v.Yes {
				spoil(&b)
			}
		case apply:
			b := lent.log[lent.applied]
			lent.apply()
			if !b.Intact() {
				return fmt.Errorf("Apply has changed batch %d", b.Seq)
			}
			spoil(b)
		case drop:
			b := lent.log[len(lent.log)-1]
			lent.drop()
			spoil(b)
		}
		if !bytes.Equal(lent.state(), st.state) {
			return fmt.Errorf("step %d: the state still depends on a payload that was given back", i)
		}
	}
	return nil
}

// spoil overwrites the payload, but not the header, which the test still needs.
func spoil(b *batch3pc.Batch) {
	for i := range b.Payload {
		b.Payload[i] = 0xa5
	}
}

// snapshotter is an App whose applied state can be handed on.
type snapshotter interface {
	batch3pc.App
	AppendSnapshot(dst []byte) []byte
	Restore(state []byte) error
}

// snapshot hands the applied state of an App that holds reservations to one that holds others, and goes on
// with both. A damaged snapshot, if it is noticed, changes nothing.
func snapshot(s *Subject, t testing.TB, seed uint64) error {
	r, p, other := dice(seed), newPlay(s, t), newPlay(s, t)
	from, ok := p.app.(snapshotter)
	if !ok {
		return nil
	}
	if _, err := p.random(r); err != nil {
		return err
	}
	if _, err := other.random(dice(seed + schedules)); err != nil {
		return err
	}
	image := from.AppendSnapshot(nil)
	before := other.state()
	into := other.app.(snapshotter)
	if len(image) > 0 {
		if err := into.Restore(image[:len(image)-1]); err != nil && !bytes.Equal(other.state(), before) {
			return fmt.Errorf("a snapshot that was refused (%w) changed the state", err)
		}
	}
	if err := into.Restore(image); err != nil {
		return fmt.Errorf("a snapshot of its own is refused: %w", err)
	}
	other.log, other.applied, other.seq = slices.Clone(p.log[:p.applied]), p.applied, p.seq
	if !bytes.Equal(other.state(), p.state()) || !bytes.Equal(into.AppendSnapshot(nil), image) {
		return errors.New("the restored state is not the one of the snapshot")
	}
	for _, b := range p.log[p.applied:] {
		if v, err := other.vote(b, false); err != nil || !v.Yes {
			return fmt.Errorf("batch %d: voted %+v (%v) after a snapshot, yes before", b.Seq, v, err)
		}
	}
	for p.undecided() > 0 {
		p.apply()
		other.apply()
	}
	if !bytes.Equal(other.state(), p.state()) {
		return errors.New("after a snapshot the same batches gave another state")
	}
	return nil
}
