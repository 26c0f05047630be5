package batch3pc

import "github.com/tezi-exchange/tezi/internal/mutant"

// outbox collects the Ready of one call in slices that every call reuses.
type outbox struct{ ready Ready }

func (o *outbox) reset() {
	o.ready.Records = o.ready.Records[:0]
	o.ready.Messages = o.ready.Messages[:0]
	o.ready.Durable = o.ready.Durable[:0]
	o.ready.Older = o.ready.Older[:0]
}

func (o *outbox) record(r Record) {
	if mutant.Enabled && unwritten(r.Kind) {
		return
	}
	o.ready.Records = append(o.ready.Records, r)
}

// send lets m leave at once: it promises nothing.
func (o *outbox) send(m Message) { o.ready.Messages = append(o.ready.Messages, m) }

// sendDurable lets m leave behind the records that keep its promise.
func (o *outbox) sendDurable(m Message) {
	if mutant.Enabled && early(m.Kind) {
		o.send(m)
		return
	}
	o.ready.Durable = append(o.ready.Durable, m)
}

// older passes a question on to the driver.
func (o *outbox) older(m Message) { o.ready.Older = append(o.ready.Older, m) }

func (o *outbox) empty() bool { return len(o.ready.Messages) == 0 && len(o.ready.Durable) == 0 }
