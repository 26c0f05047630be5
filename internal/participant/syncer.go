package participant

import (
	"sync"
	"sync/atomic"

	"github.com/tezi-exchange/tezi/internal/journal"
	"github.com/tezi-exchange/tezi/ringbuf"
)

// syncer calls fdatasync beside the node's loop. The loop says up to which LSN it wants the journal
// durable; everything flushed before a sync begins is covered by it.
type syncer struct {
	journal *journal.Journal
	bell    *ringbuf.Bell // wakes the syncer
	node    *ringbuf.Bell // wakes the node
	wanted  atomic.Uint64
	durable atomic.Uint64
	syncs   atomic.Uint64
	stopped atomic.Bool
	failed  atomic.Pointer[error]
	done    sync.WaitGroup
}

func newSyncer(j *journal.Journal, node *ringbuf.Bell) *syncer {
	return &syncer{journal: j, node: node, bell: ringbuf.NewBell(ringbuf.WaitPark)}
}

// want asks for durability up to lsn, which must be flushed.
func (s *syncer) want(lsn uint64) {
	if s.wanted.Load() < lsn {
		s.wanted.Store(lsn)
		s.bell.Ring()
	}
}

// covers reports whether everything up to lsn is durable.
func (s *syncer) covers(lsn uint64) bool { return s.durable.Load() >= lsn }

func (s *syncer) count() uint64 { return s.syncs.Load() }

func (s *syncer) err() error {
	if p := s.failed.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *syncer) start() {
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		for !s.stopped.Load() {
			lsn := s.wanted.Load()
			if lsn <= s.durable.Load() {
				s.bell.Wait(func() bool { return s.stopped.Load() || s.wanted.Load() > s.durable.Load() })
				continue
			}
			if err := s.journal.Sync(); err != nil {
				s.failed.Store(&err)
				s.node.Ring()
				return
			}
			s.syncs.Add(1)
			s.durable.Store(lsn)
			s.node.Ring()
		}
	}()
}

func (s *syncer) stop() {
	s.stopped.Store(true)
	s.bell.Ring()
	s.done.Wait()
}
