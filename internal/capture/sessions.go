package capture

import (
	"io"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/engine/rulebook"
)

// Sessions says whether a reader puts the phases of the trading day between the records of a file that
// does not hold them.
type Sessions uint8

// The choices.
const (
	SessionsAuto  Sessions = 0 // into NSE's order files: the timetable of the day
	SessionsStops Sessions = 1 // into NSE's order files, but no timetable: all day is continuous trading, and stop-loss orders are triggered as recorded
	SessionsOff   Sessions = 2 // never
)

// String returns the name of the choice: auto, stops or off.
func (s Sessions) String() string {
	switch s {
	case SessionsAuto:
		return "auto"
	case SessionsStops:
		return "stops"
	case SessionsOff:
		return "off"
	}
	return "unknown"
}

// sessions reads an NSE order file and adds what the exchange knew and did not write down. Behind the
// definition of an instrument come its rules: stop-loss orders are triggered by their second entry
// record and not by the last price, because the record knows better. Before the first record of an
// instrument that is not earlier than an event of the day's timetable comes the phase that begins
// then, and behind the last record of the file come the phases that are left. A file is not in time
// order over instruments, so each has a clock of its own.
//
// Where the exchange ended a phase at a random time nobody wrote down when. The latest time is taken,
// and a record of the pre-open session behind it still comes before the auction.
type sessions struct {
	in          source
	timetable   bool
	date        rulebook.Date // of the first record; 0: none yet
	midnight    int64
	instruments []session     // by number; 0 is not used
	record      codec.Command // waits behind the phases that precede it
	held        bool          // record does
	ended       bool          // the file is read to its end
	ending      int           // instrument whose last phases come next, once ended
}

// session is the day of one instrument.
type session struct {
	events []rulebook.Event // that are still to come
	number uint32
	ruled  bool  // its rules are out
	last   int64 // time of its last record
}

func newSessions(in source, timetable bool) *sessions {
	return &sessions{in: in, timetable: timetable, instruments: make([]session, 1), ending: 1}
}

// Next is that of source.
func (s *sessions) Next(c *codec.Command) error {
	for !s.ended && !s.held {
		err := s.in.Next(&s.record)
		switch {
		case err == io.EOF:
			s.ended = true
		case err != nil:
			return err
		case s.record.Kind == codec.KindDefine:
			s.define(s.record.AsInstrument())
			*c = s.record
			return nil
		default:
			s.held = true
		}
	}
	if s.ended {
		return s.end(c)
	}
	day := &s.instruments[s.record.Instrument]
	if day.rules(c, s.record.TimeNs) || day.phase(c, s.midnight, s.due(day)) {
		return nil
	}
	day.last = s.record.TimeNs
	*c, s.held = s.record, false
	return nil
}

// define begins the day of an instrument. The first definition tells which day it is.
func (s *sessions) define(in *codec.Instrument) {
	if s.date == 0 {
		s.date = rulebook.DateOf(in.TimeNs)
		s.midnight = s.date.Midnight()
	}
	day := session{number: in.Instrument}
	if s.timetable {
		day.events = rulebook.Timetable(s.date, rulebook.ClassOf(in))
	}
	s.instruments = append(s.instruments, day)
}

// due returns how many phases come before the record.
func (s *sessions) due(day *session) int {
	n := 0
	for _, e := range day.events {
		early := s.record.Flags&codec.FlagPreOpen != 0 && e.Phase == codec.PhasePreOpenMatch
		if early || s.midnight+e.At > s.record.TimeNs {
			break
		}
		n++
	}
	return n
}

// end gives the phases that are left, instrument by instrument.
func (s *sessions) end(c *codec.Command) error {
	for ; s.ending < len(s.instruments); s.ending++ {
		day := &s.instruments[s.ending]
		if day.phase(c, s.midnight, len(day.events)) {
			return nil
		}
	}
	return io.EOF
}

// rules gives the rules of the instrument, once. Its prices are not known: it has no band.
func (d *session) rules(c *codec.Command, timeNs int64) bool {
	if d.ruled {
		return false
	}
	d.ruled = true
	r := codec.Rules{TimeNs: timeNs, Instrument: d.number, Flags: codec.RuleStopsRecorded}
	*c = *r.AsCommand()
	return true
}

// phase gives the next phase if any is due.
func (d *session) phase(c *codec.Command, midnight int64, due int) bool {
	if due == 0 {
		return false
	}
	e := d.events[0]
	d.events = d.events[1:]
	p := codec.PhaseChange{TimeNs: max(midnight+e.At, d.last), Instrument: d.number, Phase: e.Phase, Auction: e.Auction}
	*c = *p.AsCommand()
	return true
}
