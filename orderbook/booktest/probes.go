package booktest

// probe is one fault of a real engine, as a script whose right answers are known. Each line is a
// command and, behind "=>", its answer, which may be left out if it is that the order just rests.
// "touch" answers with the best bid and ask, "orders" with the queues in priority order.
type probe struct {
	number int
	name   string
	script string
}

var probes = []probe{
	{1, "cancel of a middle order", `
		buy 1 10@100
		buy 2 20@100
		buy 3 30@100
		cancel 2          => cancelled 20
		orders            => bids 1:10@100 3:30@100
		sell 9 25@100     => trades 1:10@100 3:15@100; nothing left`},
	{2, "cancel of the head order", `
		sell 1 10@100
		sell 2 20@100
		sell 3 30@100
		cancel 1          => cancelled 10
		buy 9 45@100      => trades 2:20@100 3:25@100; nothing left
		orders            => asks 3:5@100`},
	{3, "cancel of several scattered orders", `
		buy 1 1@100
		buy 2 2@100
		buy 3 3@100
		buy 4 4@100
		buy 5 5@100
		buy 6 6@100
		cancel 1          => cancelled 1
		cancel 4          => cancelled 4
		cancel 6          => cancelled 6
		buy 7 7@100
		sell 9 17@99      => trades 2:2@100 3:3@100 5:5@100 7:7@100; nothing left
		touch             => bid none, ask none`},
	{4, "an IOC sweep takes the best price first", `
		sell 1 10@103
		sell 2 10@101
		sell 3 10@102
		sell 4 10@101
		buy 9 35@103 ioc  => trades 2:10@101 4:10@101 3:10@102 1:5@103; nothing left
		orders            => asks 1:5@103`},
	{5, "an exact fill over levels leaves nothing", `
		buy 1 10@100
		buy 2 10@99
		buy 3 10@98
		sell 9 30@98      => trades 1:10@100 2:10@99 3:10@98; nothing left
		touch             => bid none, ask none
		orders            =>`},
	{6, "the remainder of a sweep is the new touch", `
		sell 1 10@100
		sell 2 10@101
		sell 3 10@105
		buy 9 25@102      => trades 1:10@100 2:10@101; rests 5
		touch             => bid 5@102, ask 10@105`},
	{7, "a modify that crosses trades at once", `
		buy 1 10@100
		sell 2 10@105
		modify 1 10@105   => trades 2:10@105; nothing left
		touch             => bid none, ask none
		cancel 1          => rejected: unknown_order`},
	{8, "a crossing modify trades at the maker's price", `
		sell 1 10@100
		buy 2 10@90
		modify 2 10@110   => trades 1:10@100; nothing left
		buy 3 10@100
		sell 4 15@110
		modify 4 15@90    => trades 3:10@100; rests 5
		touch             => bid none, ask 5@90`},
	{9, "a new price for one order leaves the other at the old", `
		buy 1 10@100
		buy 2 20@100
		modify 1 10@99    => rests 10
		orders            => bids 2:20@100 1:10@99
		touch             => bid 20@100, ask none
		sell 9 25@99      => trades 2:20@100 1:5@99; nothing left`},
	{10, "a partly filled order is cancelled for the rest", `
		sell 1 100@100
		buy 2 30@100      => trades 1:30@100; nothing left
		cancel 1          => cancelled 70
		touch             => bid none, ask none
		buy 3 30@100
		touch             => bid 30@100, ask none`},
	{11, "a partly filled order is modified", `
		sell 1 100@100
		sell 2 10@100
		buy 3 30@100      => trades 1:30@100; nothing left
		modify 1 50@100   => rests 50
		orders            => asks 1:50@100 2:10@100
		modify 1 60@101   => rests 60
		buy 4 100@101     => trades 2:10@100 1:60@101; rests 30`},
	{12, "cancel after a full fill", `
		sell 1 10@100
		buy 2 10@100      => trades 1:10@100; nothing left
		cancel 1          => rejected: unknown_order
		cancel 2          => rejected: unknown_order
		reduce 1 1        => rejected: unknown_order`},
	{13, "modify after a full fill", `
		buy 1 10@100
		sell 2 10@100     => trades 1:10@100; nothing left
		modify 1 5@100    => rejected: unknown_order
		modify 2 20@100   => rejected: unknown_order
		touch             => bid none, ask none`},
	{14, "first in, first out at a price", `
		sell 5 10@100
		sell 3 10@100
		sell 4 10@100
		sell 1 10@100
		buy 9 15@100      => trades 5:10@100 3:5@100; nothing left
		buy 10 15@100     => trades 3:5@100 4:10@100; nothing left
		buy 11 10@100     => trades 1:10@100; nothing left`},
	{15, "price priority after cancels", `
		buy 1 10@98
		buy 2 10@100
		buy 3 10@99
		buy 4 10@101
		cancel 4          => cancelled 10
		cancel 3          => cancelled 10
		buy 5 10@99
		sell 9 30@98      => trades 2:10@100 5:10@99 1:10@98; nothing left`},
	{16, "the number of a cancelled order is used again", `
		buy 1 10@100
		cancel 1          => cancelled 10
		sell 1 20@101
		orders            => asks 1:20@101
		buy 2 20@101      => trades 1:20@101; nothing left`},
	{17, "the number of a filled order is used again", `
		buy 1 10@100
		sell 2 10@100     => trades 1:10@100; nothing left
		sell 1 5@99
		buy 2 5@98
		orders            => bids 2:5@98; asks 1:5@99
		cancel 1          => cancelled 5`},
	{18, "a buy above a cheaper ask prints the ask", `
		sell 1 10@100
		buy 2 10@120      => trades 1:10@100; nothing left`},
	{19, "a sell below a higher bid prints the bid", `
		buy 1 10@120
		sell 2 10@100     => trades 1:10@120; nothing left`},
	{20, "no phantom touch after the best level is cancelled", `
		buy 1 10@100
		buy 2 10@99
		sell 3 10@105
		cancel 1          => cancelled 10
		touch             => bid 10@99, ask 10@105
		cancel 3          => cancelled 10
		touch             => bid 10@99, ask none
		sell 4 10@100
		touch             => bid 10@99, ask 10@100`},
	{21, "the remainder of an IOC never rests", `
		sell 1 10@100
		buy 2 25@101 ioc  => trades 1:10@100; cancelled 15
		touch             => bid none, ask none
		buy 3 5@101 ioc   => cancelled 5
		buy 4 5@market    => cancelled 5
		cancel 2          => rejected: unknown_order
		orders            =>`},
	{22, "a marketable limit stops at its price and rests there", `
		sell 1 10@100
		sell 2 10@101
		sell 3 10@102
		buy 9 40@101      => trades 1:10@100 2:10@101; rests 20
		touch             => bid 20@101, ask 10@102`},
	{23, "cancel or modify of a number never seen", `
		cancel 7          => rejected: unknown_order
		modify 7 10@100   => rejected: unknown_order
		reduce 7 1        => rejected: unknown_order
		touch             => bid none, ask none
		buy 7 10@100`},
	{24, "a half-filled maker keeps its place", `
		buy 1 100@100
		buy 2 100@100
		sell 11 30@100    => trades 1:30@100; nothing left
		buy 3 100@100
		sell 12 30@100    => trades 1:30@100; nothing left
		sell 13 50@100    => trades 1:40@100 2:10@100; nothing left`},
	{25, "prices at the ends of the domain", `
		buy 1 10@1
		sell 2 10@2147483647
		touch             => bid 10@1, ask 10@2147483647
		buy 3 10@2147483646
		sell 4 10@2147483646 => trades 3:10@2147483646; nothing left
		buy 5 15@2147483647  => trades 2:10@2147483647; rests 5
		sell 6 20@1       => trades 5:5@2147483647 1:10@1; rests 5
		touch             => bid none, ask 5@1
		buy 7 5@1         => trades 6:5@1; nothing left`},
	{28, "a higher quantity at the same price goes to the back", `
		sell 1 10@100
		sell 2 10@100
		modify 1 11@100   => rests 11
		buy 9 15@100      => trades 2:10@100 1:5@100; nothing left`},
	{29, "a lower quantity keeps the place", `
		sell 1 10@100
		sell 2 10@100
		modify 1 4@100    => rests 4
		touch             => bid none, ask 14@100
		reduce 1 1        => cancelled 1; rests 3
		modify 1 3@100    => rests 3
		buy 9 5@100       => trades 1:3@100 2:2@100; nothing left`},
	{30, "an aggressor empties the best level and itself", `
		buy 1 10@100
		buy 2 5@99
		sell 9 10@100     => trades 1:10@100; nothing left
		touch             => bid 5@99, ask none
		buy 3 7@100
		orders            => bids 3:7@100 2:5@99`},
	{31, "a second cancel", `
		buy 1 10@100
		cancel 1          => cancelled 10
		cancel 1          => rejected: unknown_order`},
	{32, "the number of a live order", `
		buy 1 10@100
		buy 1 20@101      => rejected: duplicate_order
		sell 1 20@100     => rejected: duplicate_order
		sell 1 20@100 ioc => rejected: duplicate_order
		orders            => bids 1:10@100
		sell 2 10@100     => trades 1:10@100; nothing left`},
	{33, "a sweep over a gap", `
		sell 1 10@100
		sell 2 10@5000
		sell 3 10@1000000
		buy 9 25@2000000  => trades 1:10@100 2:10@5000 3:5@1000000; nothing left
		touch             => bid none, ask 5@1000000`},
	{34, "both sides empty at once, then refilled", `
		buy 1 10@100
		cancel 1          => cancelled 10
		touch             => bid none, ask none
		sell 2 10@101
		buy 3 10@101      => trades 2:10@101; nothing left
		touch             => bid none, ask none
		buy 4 10@99
		sell 5 10@102
		touch             => bid 10@99, ask 10@102`},
}
