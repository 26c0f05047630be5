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
	positions *ledger.Rows[position]
	traded    []uint32 // rows of the positions with applied trades, in the order in which they got their first
	seatOf    map[uint16]uint32
	accountOf map[uint64]uint32 // by owner
	rows      *ledger.Index     // of the positions, by owner and instrument
	touched   int64             // by touch; nobody reads it
}

func newBook() book {
	return book{
		positions: ledger.NewRows[position](), seatOf: map[uint16]uint32{}, accountOf: map[uint64]uint32{},
		rows: ledger.NewIndex(),
	}
}

// owner packs a member and its client into one number.
func owner(member uint16, client uint32) uint64 { return uint64(member)<<32 | uint64(client) }

// find appends the row of the position of each key to rows; positions that are new are made.
func (b *book) find(keys []ledger.Key, rows []uint32) []uint32 {
	first := len(rows)
	rows = b.rows.Find(keys, rows)
	for i, row := range rows[first:] {
		if int(row) == b.positions.Len() {
			b.open(keys[i])
		}
	}
	b.touch(rows[first:])
	return rows
}

// touch loads the positions and their accounts, so that the cache misses wait together.
func (b *book) touch(rows []uint32) {
	positions, accounts, sum := b.positions.All(), b.accounts, int64(0)
	for _, row := range rows {
		sum += accounts[positions[row].account].exposure
	}
	b.touched = sum
}

// open makes a position without anything in it.
func (b *book) open(k ledger.Key) {
	account, ok := b.accountOf[k.Owner]
	if !ok {
		account = b.openAccount(k.Owner)
	}
	b.positions.Add(position{account: account, instrument: k.Instrument})
}

// openAccount makes an account.
func (b *book) openAccount(owner uint64) uint32 {
	member, client := uint16(owner>>32), uint32(owner)
	s, ok := b.seatOf[member]
	if !ok {
		s = uint32(len(b.seats))
		b.seats = append(b.seats, seat{member: member})
		b.seatOf[member] = s
	}
	i := uint32(len(b.accounts))
	b.accounts = append(b.accounts, account{client: client, member: member, seat: s})
	b.accountOf[owner] = i
	return i
}
