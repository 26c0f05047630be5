//tezi:pure

package pretrade

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/tezi-exchange/tezi/orderbook"
)

// Limits are the sizes of Accounts. Memory is taken at New and touched as it is used: 96 to 128
// bytes a position, 64 to 96 a client.
type Limits struct {
	ClientsMax   int // most clients, over all members
	PositionsMax int // most pairs of client and instrument

	ClientMargin int64 // limit in paise of every client that SetLimit gives none, but for client 0; 0: none
	MemberMargin int64 // likewise of every member
}

// rowsMax bounds both limits: a number fits in 32 bits, and so does an index twice the size.
const rowsMax = 1 << 28

func (l Limits) validate() error {
	if l.ClientsMax < 1 || l.ClientsMax > rowsMax {
		return fmt.Errorf("pretrade: ClientsMax %d, want 1 to %d", l.ClientsMax, rowsMax)
	}
	if l.PositionsMax < 1 || l.PositionsMax > rowsMax {
		return fmt.Errorf("pretrade: PositionsMax %d, want 1 to %d", l.PositionsMax, rowsMax)
	}
	if l.ClientMargin < 0 || l.MemberMargin < 0 {
		return fmt.Errorf("pretrade: ClientMargin %d and MemberMargin %d, want 0 for none, or more", l.ClientMargin, l.MemberMargin)
	}
	return nil
}

// membersCount is how many numbers a member can have.
const membersCount = 1 << 16

// budget is margin in use and what may be used, in paise.
type budget struct {
	used  int64
	limit int64 // 0: none
}

// most is the limit, or more than usedMax.
func (b *budget) most() int64 {
	most := b.limit
	if most == 0 {
		most = math.MaxInt64
	}
	return most
}

// exceeded reports whether growth would take the use above the limit.
func (b *budget) exceeded(growth int64) bool { return growth > b.most()-b.used }

// reducing reports whether a member is in risk-reduction mode: it uses 90 % of its limit or more.
func (b *budget) reducing() bool { return b.used >= b.most()-b.most()/10 }

// account is one client of one member. Two fill a cache line.
type account struct {
	budget
	client uint32
	member uint16
	_      [10]byte
}

// Accounts hold what all clients have reserved and traded, their limits, and the kill switches.
type Accounts struct {
	positions     []position // by Position less one, in the order of their opening
	accounts      []account  // in the order of their opening
	members       *[membersCount]budget
	switches      switches
	positionIndex index
	accountIndex  index
	limits        Limits
	memory        []byte          // positions, accounts and entries
	finer         map[uint32]int8 // by instrument, see SetScale; few: most prices are in paise
	rate          uint16          // of the position of the last Reserve or Replace, before it; 0: it was its first
	opened        bool            // the last position that was opened came with its account
}

// New returns empty Accounts, without switches. Close them.
func New(l Limits) (*Accounts, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	a := &Accounts{members: new([membersCount]budget), switches: newSwitches(), limits: l}
	byPosition, byAccount := entriesFor(l.PositionsMax), entriesFor(l.ClientsMax)
	a.memory = mapMemory(l.PositionsMax*positionBytes + (l.ClientsMax+1)/2*2*accountBytes + (byPosition+byAccount)*entryBytes)
	rest := unsafe.Pointer(&a.memory[0])
	a.positions = unsafe.Slice((*position)(rest), l.PositionsMax)[:0]
	rest = unsafe.Add(rest, l.PositionsMax*positionBytes)
	a.accounts = unsafe.Slice((*account)(rest), l.ClientsMax)[:0]
	rest = unsafe.Add(rest, (l.ClientsMax+1)/2*2*accountBytes)
	a.positionIndex = newIndex(unsafe.Slice((*entry)(rest), byPosition))
	a.accountIndex = newIndex(unsafe.Slice((*entry)(unsafe.Add(rest, byPosition*entryBytes)), byAccount))
	for i := range a.members {
		a.members[i].limit = l.MemberMargin
	}
	return a, nil
}

// Sizes of the rows.
const (
	positionBytes = int(unsafe.Sizeof(position{}))
	accountBytes  = int(unsafe.Sizeof(account{}))
	entryBytes    = int(unsafe.Sizeof(entry(0)))
)

// SetScale says how many decimal digits the prices of an instrument have, up to 9; 2, which is paise, unless it is said. It comes
// before the first position in the instrument, and before Restore of a state that has one; the state does not hold it.
func (a *Accounts) SetScale(instrument uint32, scale uint8) {
	if scale == paiseScale {
		return
	}
	if a.finer == nil {
		a.finer = map[uint32]int8{}
	}
	a.finer[instrument] = int8(scale) - paiseScale
}

// Close gives the memory back, which forgotten Accounts keep until the process ends. They must not be used
// afterwards. A second Close does nothing.
func (a *Accounts) Close() {
	if memory := a.memory; memory != nil {
		*a = Accounts{}
		unmapMemory(memory)
	}
}

// Position finds the position of a client in an instrument, or opens it, and its account if that is
// new. The caller keeps it with the order: it stays valid, also across AppendState and Restore.
// RejectAccounts: there is no room. A client that two members name is two clients.
//
// A position that is opened is for an order that is about to come: if it is not taken, Forget or Undo takes the position back.
func (a *Accounts) Position(member uint16, client, instrument uint32) (Position, orderbook.RejectReason) {
	tag, x := tagOf(member, client, instrument), &a.positionIndex
	p, known := a.findPosition(&x.table, tag, member, client, instrument)
	if x.moving() {
		if !known {
			p, known = a.findPosition(&x.old, tag, member, client, instrument)
		}
		x.move()
	}
	if known {
		return p, orderbook.Accepted
	}
	return a.openPosition(tag, member, client, instrument)
}

func (a *Accounts) findPosition(t *table, tag uint32, member uint16, client, instrument uint32) (p Position, known bool) {
	for i := t.home(tag); t.entries[i] != 0; i = t.next(i) {
		if e := t.entries[i]; e.tag() == tag {
			r := &a.positions[e.row()-1]
			if r.client == client && r.instrument == instrument && r.member == member {
				return Position(e.row()), true
			}
		}
	}
	return 0, false
}

func (a *Accounts) openPosition(tag uint32, member uint16, client, instrument uint32) (Position, orderbook.RejectReason) {
	if len(a.positions) == cap(a.positions) {
		return 0, orderbook.RejectAccounts
	}
	accounts := len(a.accounts)
	number, reason := a.account(member, client)
	if reason != orderbook.Accepted {
		return 0, reason
	}
	a.opened = len(a.accounts) > accounts
	a.positions = append(a.positions, position{account: number, client: client, instrument: instrument, member: member, finer: a.finer[instrument]})
	p := Position(len(a.positions))
	a.positionIndex.insert(tag, uint32(p))
	return p, orderbook.Accepted
}

// Forget takes back what Position has opened for an order that is not taken after all. It is called before anything else
// is, and does nothing if the position has had an order.
func (a *Accounts) Forget(p Position) {
	r := &a.positions[p-1]
	if r.bps != 0 {
		return
	}
	if int(p) != len(a.positions) {
		panic("pretrade: P5: a position is forgotten that is not the last one")
	}
	a.positionIndex.takeBack(tagOf(r.member, r.client, r.instrument), uint32(p))
	if a.opened {
		a.accountIndex.takeBack(tagOf(r.member, r.client, 0), r.account+1)
		a.accounts = a.accounts[:r.account]
	}
	a.positions = a.positions[:p-1]
}

// account finds the account of a client, or opens it. Its number is its place in a.accounts.
func (a *Accounts) account(member uint16, client uint32) (uint32, orderbook.RejectReason) {
	if number, ok := a.findAccount(member, client); ok {
		return number, orderbook.Accepted
	}
	if len(a.accounts) == cap(a.accounts) {
		return 0, orderbook.RejectAccounts
	}
	opened := account{client: client, member: member}
	if client != 0 {
		opened.limit = a.limits.ClientMargin
	}
	a.accounts = append(a.accounts, opened)
	a.accountIndex.insert(tagOf(member, client, 0), uint32(len(a.accounts)))
	return uint32(len(a.accounts) - 1), orderbook.Accepted
}

func (a *Accounts) findAccount(member uint16, client uint32) (number uint32, ok bool) {
	tag, x := tagOf(member, client, 0), &a.accountIndex
	if number, ok = a.findAccountIn(&x.table, tag, member, client); !ok && x.moving() {
		number, ok = a.findAccountIn(&x.old, tag, member, client)
	}
	return number, ok
}

func (a *Accounts) findAccountIn(t *table, tag uint32, member uint16, client uint32) (number uint32, ok bool) {
	for i := t.home(tag); t.entries[i] != 0; i = t.next(i) {
		number = t.entries[i].row() - 1
		if c := &a.accounts[number]; c.client == client && c.member == member {
			return number, true
		}
	}
	return 0, false
}

// SetLimit sets the most margin in paise that a client may use, or with client 0 its member; 0 lifts
// the limit. The limit of a client may come before its first order. RejectValue: margin is negative.
// RejectAccounts: no room for another client.
func (a *Accounts) SetLimit(member uint16, client uint32, margin int64) orderbook.RejectReason {
	if margin < 0 {
		return orderbook.RejectValue
	}
	if client == 0 {
		a.members[member].limit = margin
		return orderbook.Accepted
	}
	if _, known := a.findAccount(member, client); !known && margin == a.limits.ClientMargin {
		return orderbook.Accepted // it is what it will have
	}
	number, reason := a.account(member, client)
	if reason == orderbook.Accepted {
		a.accounts[number].limit = margin
	}
	return reason
}

// Margin returns the margin in use and the limit, in paise, of a client, or with client 0 of its
// member. Of a client never heard of both are 0.
func (a *Accounts) Margin(member uint16, client uint32) (used, limit int64) {
	b := a.members[member]
	if client != 0 {
		b = budget{}
		if number, ok := a.findAccount(member, client); ok {
			b = a.accounts[number].budget
		}
	}
	return b.used, b.limit
}

// Positions returns how many positions there are: they are numbered from 1.
func (a *Accounts) Positions() int { return len(a.positions) }

// Is reports whether p is the position of this client in this instrument, whatever number p is: so a caller who
// has guessed it, from Warm, does not look for it.
func (a *Accounts) Is(p Position, member uint16, client, instrument uint32) bool {
	if i := uint(p) - 1; i < uint(len(a.positions)) {
		r := &a.positions[i]
		return (r.client^client)|(r.instrument^instrument)|uint32(r.member^member) == 0
	}
	return false
}

// Instrument returns the instrument that p is in.
func (a *Accounts) Instrument(p Position) uint32 { return a.positions[p-1].instrument }

// Net returns what p has traded, bought less sold, and what is reserved for its open orders, in paise.
func (a *Accounts) Net(p Position) (net, openBuy, openSell int64) {
	r := &a.positions[p-1]
	return r.net, r.open(orderbook.Buy), r.open(orderbook.Sell)
}
