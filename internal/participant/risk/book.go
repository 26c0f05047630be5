package risk

import "github.com/tezi-exchange/tezi/internal/participant/ledger"

// position is what one client of one member has in one instrument. It fills a cache line.
type position struct {
	account    uint32
	instrument uint32
	projected  int64 // net value of everything voted for, bought less sold, in the instrument's units
	buyQty     int64 // applied, as all below
	sellQty    int64
	buyValue   int64
	sellValue  int64
	trades     uint64
	_          [8]byte
}

// net is the applied net value: bought less sold.
func (p *position) net() int64 { return p.buyValue - p.sellValue }

// account is one client of one member.
type account struct {
	client   uint32
	member   uint16
	seat     uint32 // index of the member
	exposure int64  // projected, paise
}

// seat is the place of one member.
type seat struct {
	member   uint16
	exposure int64 // projected, paise
}

// book holds the positions, found by member, client and instrument. Entries are made when a batch
// is first voted for and stay when it is dropped: one without applied trades counts nowhere.
type book struct {
	seats     []seat
	accounts  []account
	positions []position
	seatOf    map[uint16]uint32
	accountOf map[uint64]uint32 // by owner
	rows      *ledger.Index     // of the positions, by owner and instrument
}

func newBook() book {
	return book{seatOf: map[uint16]uint32{}, accountOf: map[uint64]uint32{}, rows: ledger.NewIndex()}
}

// owner packs a member and its client into one number.
func owner(member uint16, client uint32) uint64 { return uint64(member)<<32 | uint64(client) }

// at returns the index of a position, which it makes if it is new.
func (b *book) at(member uint16, client, instrument uint32) uint32 {
	row, fresh := b.rows.Row(ledger.Key{Owner: owner(member, client), Instrument: instrument})
	if fresh {
		account, ok := b.accountOf[owner(member, client)]
		if !ok {
			account = b.open(member, client)
		}
		b.positions = append(b.positions, position{account: account, instrument: instrument})
	}
	return row
}

// open makes an account.
func (b *book) open(member uint16, client uint32) uint32 {
	s, ok := b.seatOf[member]
	if !ok {
		s = uint32(len(b.seats))
		b.seats = append(b.seats, seat{member: member})
		b.seatOf[member] = s
	}
	i := uint32(len(b.accounts))
	b.accounts = append(b.accounts, account{client: client, member: member, seat: s})
	b.accountOf[owner(member, client)] = i
	return i
}
