//tezi:pure

package pretrade

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The state as AppendState writes it, little-endian, without gaps:
//
//	header     version, ClientsMax, PositionsMax, accounts, positions, member limits, switches: uint32 each;
//	           ClientMargin, MemberMargin: int64
//	account    client uint32, member uint16, limit int64                                        in order of opening
//	position   account uint32, instrument uint32, bps uint16, net, up, down int64               in order of opening
//	limit      member uint16, limit int64, unless it is MemberMargin                            by member
//	switch     member uint16, client uint32, instrument uint32                                  sorted
//
// with up = net + openBuy and down = openSell - net. Margins follow from the positions (P1) and are
// computed anew.
const (
	stateVersion = 1
	headerSize   = 7*4 + 2*8
	accountSize  = 4 + 2 + 8
	positionSize = 4 + 4 + 2 + 3*8
	limitSize    = 2 + 8
	switchSize   = 2 + 4 + 4
)

// ErrState says that what is restored is no state of these Accounts: written by another version or with
// other Limits, cut off, or damaged.
var ErrState = errors.New("pretrade: not a state of these accounts")

// StateHash names the state: equal for Accounts that behave equally, on every machine.
func (a *Accounts) StateHash() uint64 {
	h := fold(fold(0, uint64(len(a.accounts))), uint64(len(a.positions)))
	for i := range a.accounts {
		c := &a.accounts[i]
		h = fold(h, uint64(c.member)<<32|uint64(c.client))
		h = fold(fold(h, uint64(c.used)), uint64(c.limit))
	}
	for i := range a.positions {
		p := &a.positions[i]
		h = fold(h, uint64(p.account)<<32|uint64(p.instrument))
		h = fold(fold(h, uint64(p.bps)), uint64(p.net))
		h = fold(fold(h, uint64(p.reach[0])), uint64(p.reach[1]))
	}
	for member := range a.members {
		if m := &a.members[member]; *m != (budget{}) {
			h = fold(fold(fold(h, uint64(member)), uint64(m.used)), uint64(m.limit))
		}
	}
	for _, s := range a.switches.on {
		h = fold(h, uint64(s.member)<<32|uint64(s.client))
		h = fold(h, uint64(s.instrument))
	}
	return h
}

// fold adds a word to a hash. No two words give the same from the same h.
func fold(h, word uint64) uint64 {
	h = (h ^ word ^ 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	return h ^ h>>32
}

// AppendState appends the state to dst.
func (a *Accounts) AppendState(dst []byte) []byte {
	le, limited := binary.LittleEndian, 0
	for i := range a.members {
		if a.members[i].limit != a.limits.MemberMargin {
			limited++
		}
	}
	for _, n := range [...]int{
		stateVersion, a.limits.ClientsMax, a.limits.PositionsMax,
		len(a.accounts), len(a.positions), limited, len(a.switches.on),
	} {
		dst = le.AppendUint32(dst, uint32(n))
	}
	dst = le.AppendUint64(le.AppendUint64(dst, uint64(a.limits.ClientMargin)), uint64(a.limits.MemberMargin))
	for i := range a.accounts {
		c := &a.accounts[i]
		dst = le.AppendUint16(le.AppendUint32(dst, c.client), c.member)
		dst = le.AppendUint64(dst, uint64(c.limit))
	}
	for i := range a.positions {
		p := &a.positions[i]
		dst = le.AppendUint32(le.AppendUint32(dst, p.account), p.instrument)
		dst = le.AppendUint64(le.AppendUint16(dst, p.bps), uint64(p.net))
		dst = le.AppendUint64(le.AppendUint64(dst, uint64(p.reach[0])), uint64(p.reach[1]))
	}
	for i := range a.members {
		if limit := a.members[i].limit; limit != a.limits.MemberMargin {
			dst = le.AppendUint64(le.AppendUint16(dst, uint16(i)), uint64(limit))
		}
	}
	for _, s := range a.switches.on {
		dst = le.AppendUint32(le.AppendUint32(le.AppendUint16(dst, s.member), s.client), s.instrument)
	}
	return dst
}

// Restore replaces the state by one that AppendState wrote, of Accounts with the same Limits. The error is
// an ErrState; the accounts are empty then. It keeps nothing of data.
func (a *Accounts) Restore(data []byte) error {
	a.reset()
	if err := a.restore(data); err != nil {
		a.reset()
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}

// reset empties everything. What was never used is not touched.
func (a *Accounts) reset() {
	if len(a.accounts) > 0 {
		a.positionIndex.reset()
		a.accountIndex.reset()
	}
	a.positions, a.accounts = a.positions[:0], a.accounts[:0]
	for i := range a.members {
		a.members[i] = budget{limit: a.limits.MemberMargin}
	}
	a.switches = switches{on: a.switches.on[:0]}
}

func (a *Accounts) restore(data []byte) error {
	if len(data) < headerSize {
		return fmt.Errorf("%d bytes, the header alone has %d", len(data), headerSize)
	}
	r := reader(data)
	version, limits := r.uint32(), Limits{ClientsMax: int(r.uint32()), PositionsMax: int(r.uint32())}
	accounts, positions, limited, switches := int(r.uint32()), int(r.uint32()), int(r.uint32()), int(r.uint32())
	limits.ClientMargin, limits.MemberMargin = r.int64(), r.int64()
	if version != stateVersion || limits != a.limits {
		return fmt.Errorf("version %d with %+v, want %d with %+v", version, limits, stateVersion, a.limits)
	}
	if want := accounts*accountSize + positions*positionSize + limited*limitSize + switches*switchSize; len(r) != want {
		return fmt.Errorf("%d bytes behind the header, want %d", len(r), want)
	}
	for i := range accounts {
		if err := a.restoreAccount(&r); err != nil {
			return fmt.Errorf("account %d: %w", i, err)
		}
	}
	for i := range positions {
		if err := a.restorePosition(&r); err != nil {
			return fmt.Errorf("position %d: %w", i+1, err)
		}
	}
	for i, last := 0, -1; i < limited; i++ {
		member, limit := r.uint16(), r.int64()
		if int(member) <= last || limit < 0 || limit == a.limits.MemberMargin {
			return fmt.Errorf("limit %d is %d of member %d, after member %d", i, limit, member, last)
		}
		a.members[member].limit, last = limit, int(member)
	}
	for i := range switches {
		if err := a.restoreSwitch(&r); err != nil {
			return fmt.Errorf("switch %d: %w", i, err)
		}
	}
	return nil
}

func (a *Accounts) restoreAccount(r *reader) error {
	client, member, limit := r.uint32(), r.uint16(), r.int64()
	if _, known := a.findAccount(member, client); known || limit < 0 || len(a.accounts) == cap(a.accounts) {
		return fmt.Errorf("client %d of member %d with limit %d has come before, or is one too many", client, member, limit)
	}
	number, _ := a.account(member, client)
	a.accounts[number].limit = limit
	return nil
}

func (a *Accounts) restorePosition(r *reader) error {
	number, instrument, bps := r.uint32(), r.uint32(), r.uint16()
	net, reach := r.int64(), [2]int64{r.int64(), r.int64()}
	if int(number) >= len(a.accounts) || bps == 0 {
		return fmt.Errorf("account %d of %d, margin %d", number, len(a.accounts), bps)
	}
	c, known := &a.accounts[number], Position(len(a.positions))
	if p, _ := a.Position(c.member, c.client, instrument); p != known+1 {
		return fmt.Errorf("client %d of member %d in instrument %d has come before, or is one too many", c.client, c.member, instrument)
	}
	p := &a.positions[known]
	if net < -exposureMax || reach[0] < net || reach[1] < -net || max(reach[0], reach[1], p.inPaise(max(reach[0], reach[1]))) > exposureMax {
		return fmt.Errorf("net %d that can come to %d is out of range", net, reach)
	}
	p.net, p.reach, p.bps = net, reach, bps
	p.margin = marginOf(p.inPaise(p.exposure()), bps)
	member := &a.members[c.member]
	if p.margin > usedMax-member.used {
		return fmt.Errorf("member %d would use more than %d", c.member, int64(usedMax))
	}
	c.used += p.margin
	member.used += p.margin
	return nil
}

func (a *Accounts) restoreSwitch(r *reader) error {
	w, s := &a.switches, selector{member: r.uint16(), client: r.uint32(), instrument: r.uint32()}
	if n := len(w.on); n == cap(w.on) || n > 0 && w.on[n-1].compare(s) >= 0 {
		return fmt.Errorf("%+v has come before, or is one too many", s)
	}
	w.on = append(w.on, s)
	w.shapes[s.shape()]++
	return nil
}

// reader takes numbers off the front of bytes that are known to be enough.
type reader []byte

func (r *reader) uint16() uint16 {
	v := binary.LittleEndian.Uint16(*r)
	*r = (*r)[2:]
	return v
}

func (r *reader) uint32() uint32 {
	v := binary.LittleEndian.Uint32(*r)
	*r = (*r)[4:]
	return v
}

func (r *reader) int64() int64 {
	v := binary.LittleEndian.Uint64(*r)
	*r = (*r)[8:]
	return int64(v)
}
