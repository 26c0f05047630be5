package batch3pc

import "slices"

// Commits keeps back what a coordinator says to a participant that is nothing but its commit watermark
// (KindCommit), until its driver has nothing else to do: whatever leaves for the participant before then carries the
// watermark too. With one batch in flight that is the next batch, and each participant is woken up, and answers, once
// instead of twice. The zero Commits is empty.
type Commits struct{ kept []Message }

// Keep takes m if it can wait, and reports whether it did. What m makes superfluous is forgotten: a watermark only
// ever rises.
func (c *Commits) Keep(m *Message) bool {
	at := slices.IndexFunc(c.kept, func(k Message) bool { return k.To == m.To })
	if m.Kind == KindCommit {
		if at < 0 {
			c.kept = append(c.kept, *m)
		} else {
			c.kept[at] = *m
		}
		return true
	}
	if at >= 0 {
		c.kept = slices.Delete(c.kept, at, at+1)
	}
	return false
}

// Kept reports whether there is anything to Take.
func (c *Commits) Kept() bool { return len(c.kept) > 0 }

// Take returns what has to leave now, one message for each participant that nothing else has gone to. They are valid
// until the next Keep.
func (c *Commits) Take() []Message {
	kept := c.kept
	c.kept = c.kept[:0]
	return kept
}
