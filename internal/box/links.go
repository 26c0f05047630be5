package box

import (
	"log/slog"

	"github.com/tezi-exchange/tezi/internal/rounds"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// bore adds the errors of a link to counts by name: connections that were lost and made again, strangers
// that were refused, datagrams that were sent or came again, and what was dropped because it was no frame, by
// reason.
func bore(counts map[string]uint64, s transport.Stats) {
	add := func(name string, n uint64) {
		if n > 0 {
			counts[name] += n
		}
	}
	add("reconnects", s.Reconnects)
	add("refused", s.Refused)
	add("resent", s.Resent)
	add("duplicates", s.Duplicates)
	for r, n := range s.Bad {
		add("bad_"+transport.BadReason(r).String(), n)
	}
}

// badMessage is the name of a count: frames that arrived whole, and that their reader does not understand.
const badMessage = "bad_message"

// tellBad says at the end of a participant what was dropped on its links, or as it was read, if anything was.
func tellBad(log *slog.Logger, role string, engines []rounds.Peer, dropped uint64) {
	counts := map[string]uint64{}
	for _, e := range engines {
		bore(counts, e.Link.(*transport.Link).Stats())
	}
	delete(counts, "reconnects")
	if dropped > 0 {
		counts[badMessage] = dropped
	}
	if len(counts) > 0 {
		log.Info("link errors", "role", role, "counts", counts)
	}
}
