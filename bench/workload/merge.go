package workload

// merge yields the markets by the time of their next command: a tournament in which every match
// keeps its winner, so that after one market has moved on only its own matches are played again.
type merge struct {
	markets []market
	size    int      // leaves, a power of two
	winner  []uint32 // winner[1] has won all; the match of node i is between 2i and 2i+1; leaves from size on
	when    []uint64 // time of each leaf's next command, never for those that are done or do not exist
}

// never is the time of what does not come.
const never = 1<<64 - 1

func newMerge(markets []market) *merge {
	size := 1
	for size < len(markets) {
		size *= 2
	}
	t := &merge{markets: markets, size: size, winner: make([]uint32, 2*size), when: make([]uint64, size)}
	for i := range size {
		t.winner[size+i] = uint32(i)
		t.when[i] = never
		if i < len(markets) {
			t.when[i] = markets[i].next
		}
	}
	for i := size - 1; i >= 1; i-- {
		t.play(i)
	}
	return t
}

// play has the earlier win; at the same jiffy the more active market, so that the order is total.
func (t *merge) play(node int) {
	left, right := t.winner[2*node], t.winner[2*node+1]
	if t.when[right] < t.when[left] {
		left = right
	}
	t.winner[node] = left
}

// first returns the market with the earliest command, nil when all are done.
func (t *merge) first() *market {
	w := t.winner[1]
	if t.when[w] == never {
		return nil
	}
	return &t.markets[w]
}

// moved plays the matches of the first market again, after it has made its command.
func (t *merge) moved() {
	w := t.winner[1]
	t.when[w] = t.markets[w].next
	for node := (t.size + int(w)) / 2; node >= 1; node /= 2 {
		t.play(node)
	}
}
