package commit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/bench"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/internal/transport"
)

// Transports between coordinator and participants.
const (
	TransportRings = "rings" // participants inside this process
	TransportTCP   = "tcp"   // each participant a process, as with those below
	TransportUDP   = "udp"   //
	TransportShm   = "shm"   // memory that both processes map
)

// carriers says what those between processes are to package transport.
var carriers = map[string]transport.Carrier{TransportTCP: transport.TCP, TransportUDP: transport.UDP, TransportShm: transport.Shared}

// Transports lists them, the one between processes first.
var Transports = []string{TransportTCP, TransportUDP, TransportShm, TransportRings}

// Case is one thing to measure.
type Case struct {
	Trades       int           `json:"trades"`       // in a batch
	Window       int           `json:"window"`       // undecided batches in flight
	Participants int           `json:"participants"` // all of them vote
	Durable      bool          `json:"durable"`      // PRE-COMMIT waits for the disk
	Transport    string        `json:"transport"`    //
	Protocol     string        `json:"protocol"`     // E3PC, or one to compare it with
	Rate         float64       `json:"rate"`         // trades/s, open loop; 0: as fast as the window allows
	Behind       int           `json:"behind"`       // trades for which one participant is away before it comes back; 0: none is
	Warmup       time.Duration `json:"warmup_ns"`    // not counted
	Duration     time.Duration `json:"duration_ns"`  // counted
}

// Default is the case that the others vary.
func Default() Case {
	return Case{
		Trades: 1000, Window: 16, Participants: 3, Durable: true, Transport: TransportTCP, Protocol: ProtocolE3PC,
		Warmup: 500 * time.Millisecond, Duration: 2 * time.Second,
	}
}

// Limits of a Case.
const (
	participantsMax = 9
	windowMax       = 1024
	retainMin       = 64 // batches kept for a participant that lags, as in a run
	rateMax         = 1e9
	heldMax         = 1 << 24 // trades in the batches that are held: half a gigabyte
)

// ErrCase is wrapped by the error about a Case that cannot be measured.
var ErrCase = errors.New("bench commit")

// Validate reports what cannot be measured; the error wraps ErrCase.
func (c *Case) Validate() error {
	bad := func(what string, value any, want string) error {
		return fmt.Errorf("%w: %s %v, want %s", ErrCase, what, value, want)
	}
	switch {
	case c.Trades < 1 || c.Trades > codec.TradesPerBatchMax:
		return bad("batch of trades", c.Trades, fmt.Sprintf("1 to %d", codec.TradesPerBatchMax))
	case c.Window < 1 || c.Window > windowMax:
		return bad("window", c.Window, fmt.Sprintf("1 to %d", windowMax))
	case c.Trades*c.held() > heldMax:
		return bad("window", c.Window, fmt.Sprintf("fewer batches of %d: %d trades would be held at once, of %d", c.Trades, c.Trades*c.held(), heldMax))
	case c.Participants < 1 || c.Participants > participantsMax:
		return bad("participants", c.Participants, fmt.Sprintf("1 to %d", participantsMax))
	case !slices.Contains(Transports, c.Transport):
		return bad("transport", c.Transport, fmt.Sprintf("one of %v", Transports))
	case !slices.Contains(Protocols, c.Protocol):
		return bad("protocol", c.Protocol, fmt.Sprintf("one of %v", Protocols))
	case c.Behind < 0 || c.Behind > 0 && (c.Participants < 3 || c.Protocol != ProtocolE3PC):
		return bad("behind", c.Behind, "0 or more, and with E3PC and 3 participants if one is to be away")
	case c.Rate < 0 || c.Rate > rateMax:
		return bad("rate", c.Rate, fmt.Sprintf("0 to %v", rateMax))
	}
	due := c.Trades
	if c.Behind > 0 {
		due = 0 // until it has caught up, however long that takes
	}
	if err := bench.CheckTimes(c.Warmup, c.Duration, 1, c.Rate, due); err != nil {
		return fmt.Errorf("%w: %w", ErrCase, err)
	}
	return nil
}

// retain is how many batches the coordinator keeps.
func (c *Case) retain() int { return max(c.Window, retainMin) }

// held is how many batches there are at once: those that are kept, and those that are undecided.
func (c *Case) held() int { return c.retain() + c.Window }

// batchBytesMax is what the message of a batch without definitions fits into.
func (c *Case) batchBytesMax() int { return messageBytes + codec.PayloadRoom(0, c.Trades) }

// messageBytes is the size of a message without payload.
var messageBytes = codec.MessageSize(&batch3pc.Message{})

// String names the case as benchmarks do: /key=value.
func (c Case) String() string {
	s := fmt.Sprintf("transport=%s/durable=%t/participants=%d/window=%d/trades=%d", c.Transport, c.Durable, c.Participants, c.Window, c.Trades)
	if c.Protocol != ProtocolE3PC {
		s += "/protocol=" + c.Protocol
	}
	if c.Behind > 0 {
		s += fmt.Sprintf("/behind=%d", c.Behind)
	}
	if c.Rate > 0 {
		s += "/rate=" + bench.RateText(c.Rate)
	}
	return s
}
