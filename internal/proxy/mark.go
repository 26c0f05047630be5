package proxy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/codec"
)

// DoCommit stands in a Mark for the first message of any kind whose commit watermark has reached a batch:
// do-commit has no message of its own where another one carries it.
const DoCommit = "DoCommit"

// Generation stands in a Mark for a Batch that opens a generation.
const Generation = "Generation"

// Mark names a message of the commit protocol that passes in one direction. With the network "tezi" only.
type Mark struct {
	Kind string // name of a batch3pc.Kind, DoCommit or Generation
	// At is the first batch: of Batch and Fill their own number, of Applied the applied watermark, of Yes,
	// PreCommit and PreCommitAck what they say is voted for or pre-committed. Of other kinds: the At-th
	// message that passes from now on.
	At    uint64
	After bool // the message still passes
}

// parseMark reads "PreCommit@10". Of the name, the case does not matter.
func parseMark(s string) (m Mark, err error) {
	name, at, _ := strings.Cut(s, "@")
	m.At, err = strconv.ParseUint(at, 10, 64)
	for k := batch3pc.KindBatch; k <= batch3pc.KindSnapshotReq; k++ {
		if strings.EqualFold(name, k.String()) {
			m.Kind = k.String()
		}
	}
	for _, own := range []string{DoCommit, Generation} {
		if strings.EqualFold(name, own) {
			m.Kind = own
		}
	}
	if err != nil || m.Kind == "" || m.At == 0 {
		return Mark{}, fmt.Errorf("want a kind of message, DoCommit or Generation, and a number from 1 on, such as PreCommit@10")
	}
	return m, nil
}

func (m Mark) String() string {
	if m.Kind == "" {
		return "nothing"
	}
	return fmt.Sprintf("%s@%d", m.Kind, m.At)
}

// meets reports whether a message is the one. Of a kind that is counted it counts down.
func (m *Mark) meets(s codec.Sight) bool {
	switch {
	case m.Kind == DoCommit:
		return s.Commit >= batch3pc.Seq(m.At)
	case m.Kind == Generation:
		return s.Kind == batch3pc.KindBatch && s.Opens && m.count()
	case m.Kind != s.Kind.String():
		return false
	}
	switch s.Kind {
	case batch3pc.KindBatch, batch3pc.KindFill, batch3pc.KindYes, batch3pc.KindPreCommit, batch3pc.KindPreCommitAck, batch3pc.KindApplied:
		return s.At >= batch3pc.Seq(m.At)
	}
	return m.count()
}

// count counts one message, and reports whether it is the one.
func (m *Mark) count() bool {
	m.At--
	return m.At == 0
}
