package engine

// stallSayNs is how often people are told of a stall at most: a busy machine has many short ones. One that is not told when it
// begins is told when the time has come, if it lasts.
const stallSayNs = 10_000_000_000

// stall is a time without commits while batches wait.
type stall struct {
	on     bool
	told   bool   // this one
	toldNs int64  // when one was told last
	count  uint64 // with this one
}

// notice counts a stall that lasts since still ns, and reports whether people are to be told of it now.
func (s *stall) notice(nowNs int64) bool {
	if !s.on {
		s.on, s.told = true, false
		s.count++
	}
	if s.told || s.toldNs != 0 && nowNs-s.toldNs < stallSayNs {
		return false
	}
	s.told, s.toldNs = true, nowNs
	return true
}
