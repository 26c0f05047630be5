package booktest

// plateau is an auction in which three prices trade as much as each other and leave as much: 100 trade, 20 are left.
//
//	price   demand            supply
//	1000    20+100 = 120      100
//	1050    20+100 = 120      100
//	1100    100               100+20 = 120
const plateau = `
		auction
		buy 1 20@1050
		buy 2 100@1100
		sell 3 100@1000
		sell 4 20@1100`

// workedExamples are computed by hand from the texts of the exchange, each where rules meet.
var workedExamples = []example{
	{"volume goes before imbalance", `
		auction
		buy 1 100@101
		sell 2 90@100
		sell 3 60@101
		equilibrium 100    => 100 trade at 101; demand 100, supply 150`},
	{"imbalance goes before the previous close", `
		auction
		buy 1 300@101
		buy 2 200@100
		sell 3 300@100
		sell 4 100@101
		equilibrium 1      => 300 trade at 101; demand 300, supply 400`},
	{"the closest of three, of the two around the reference", plateau + `
		equilibrium 1      => 100 trade at 1000; demand 120, supply 100
		equilibrium 1024   => 100 trade at 1000; demand 120, supply 100
		equilibrium 1026   => 100 trade at 1050; demand 120, supply 100
		equilibrium 1050   => 100 trade at 1050; demand 120, supply 100
		equilibrium 1074   => 100 trade at 1050; demand 120, supply 100
		equilibrium 1076   => 100 trade at 1100; demand 100, supply 120
		equilibrium 9999   => 100 trade at 1100; demand 100, supply 120`},
	{"midway there is no third side: the reference itself, and what trades there", plateau + `
		equilibrium 1025   => 100 trade at 1025; demand 120, supply 100
		equilibrium 1075   => 100 trade at 1075; demand 100, supply 100
		uncross 1075       => trades 2-3:100
		close 1075         => turned 0
		orders             => bids 1:20@1050; asks 4:20@1100`},
	{"a worse price between the two closest does not count", `
		auction
		buy 1 100@110
		sell 2 100@100
		buy 3 10@104
		equilibrium 107    => 100 trade at 110; demand 100, supply 100
		equilibrium 102    => 100 trade at 110; demand 100, supply 100
		cancel 3           => cancelled 10
		equilibrium 105    => 100 trade at 105; demand 100, supply 100`},
	{"market orders count on their side at every price", `
		auction
		buy 1 50@market
		buy 2 100@100
		sell 3 120@100
		sell 4 60@102
		equilibrium 102    => 120 trade at 100; demand 150, supply 120
		uncross 100        => trades 2-3:100 1-3:20
		close 100          => turned 1
		orders             => bids 1:30@100; asks 4:60@102`},
	{"market orders first, and limit orders are left at their price", `
		auction
		buy 1 50@market
		buy 2 100@100
		sell 3 120@100
		sell 4 60@102
		uncross 100 market-first => trades 1-3:50 2-3:70
		close 100          => turned 0
		orders             => bids 2:30@100; asks 4:60@102`},
	{"market orders of both sides meet, at a price that limit orders make", `
		auction
		buy 1 40@market
		sell 2 30@market
		buy 3 10@90
		equilibrium 250    => 30 trade at 90; demand 50, supply 30
		uncross 90         => trades 3-2:10 1-2:20
		close 90           => turned 1
		orders             => bids 1:20@90`},
	{"what has no market behind it moves on at the reference", `
		auction
		buy 1 40@market
		buy 2 10@260
		equilibrium 250    => no price
		uncross 0          => no trades
		close 250          => turned 1
		orders             => bids 2:10@260 1:40@250
		sell 3 15@250      => trades 2:10@260 1:5@250; nothing left`},
	{"two auctions: who was there, who came, who turned", `
		auction
		buy 1 10@100
		buy 2 10@market
		close 100          => turned 1
		buy 3 10@100
		auction
		buy 4 10@market
		buy 5 10@100
		buy 6 10@market
		modify 2 11@100
		modify 4 9@market
		close 100          => turned 2
		orders             => bids 1:10@100 3:10@100 4:9@100 5:10@100 6:10@100 2:11@100`},
	{"the ends of the prices, and what is midway between them", `
		auction
		buy 1 7@2147483647
		sell 2 7@1
		equilibrium 1073741824 => 7 trade at 1073741824; demand 7, supply 7
		equilibrium 1073741823 => 7 trade at 1; demand 7, supply 7
		equilibrium 1073741825 => 7 trade at 2147483647; demand 7, supply 7
		equilibrium        => 7 trade at 1; demand 7, supply 7
		equilibrium 2147483647 => 7 trade at 2147483647; demand 7, supply 7
		uncross 2147483647 => trades 1-2:7
		close 2147483647   => turned 0`},
	{"more than a quantity in all", `
		auction
		buy 1 4294967295@100
		buy 2 4294967295@100
		buy 3 4294967295@market
		sell 4 4294967295@market
		sell 5 4294967295@100
		touch              => bid 4294967295@market, ask 4294967295@market
		equilibrium        => 8589934590 trade at 100; demand 12884901885, supply 8589934590
		uncross 100 market-first => trades 3-4:4294967295 1-5:4294967295
		close 100          => turned 0
		touch              => bid 4294967295@100, ask none`},
	{"to fill whole from more than a quantity", `
		sell 1 4294967295@100 dq 1
		sell 2 4294967295@100 dq 2147483648
		touch              => bid none, ask 2147483649@100
		buy 9 4294967295@100 fok => trades 1:1@100 2:2147483648@100 1:1@100 2:2147483645@100; nothing left
		orders             => asks 2:2@100 1:1+4294967292@100`},
	{"the lowest and the highest price", `
		range 1 2147483647
		buy 1 10@1
		sell 2 10@2147483647
		sell 3 5@1         => trades 1:5@1; nothing left
		buy 4 5@2147483647 => trades 2:5@2147483647; nothing left
		sell 5 6@market    => trades 1:5@1; cancelled 1
		buy 6 6@market     => trades 2:5@2147483647; cancelled 1
		buy 7 1@market     => cancelled 1
		orders             =>`},
	{"triggers at the ends", `
		last 100
		sell 1 10@1 stop 1
		buy 2 10@2147483647 stop 2147483647
		buy 3 1@1
		sell 4 1@1         => trades 3:1@1; nothing left
		triggers           => sell 1 enters with 10: rests 10 | none
		cancel 1           => cancelled 10
		sell 3 1@2147483647
		buy 4 1@2147483647 => trades 3:1@2147483647; nothing left
		triggers           => buy 2 enters with 10: rests 10 | none`},
	{"a trigger that is reached already, and a limit that could not trade", `
		last 100
		buy 1 10@110 stop 100 => rejected: trigger
		buy 1 10@110 stop 99 => rejected: trigger
		buy 1 10@101 stop 101
		sell 2 10@90 stop 100 => rejected: trigger
		sell 2 10@90 stop 101 => rejected: trigger
		sell 2 10@99 stop 99
		buy 3 10@100 stop 101 => rejected: trigger_limit
		sell 3 10@100 stop 99 => rejected: trigger_limit
		modify 1 10@110 stop 100 => rejected: trigger
		modify 2 10@90     => rejected: trigger
		stops              => buys 1:10@101/101; sells 2:10@99/99`},
	{"self-trade, range and room in one sweep", ownBeyond + `
		room 2
		buy 9 30@110 pan 7 => trades 1:10@100 2:out(10); cancelled 20; range`},
	{"self-trade and room, the range goes on", ownBeyond + `
		range 0 103
		room 2
		buy 9 30@110 pan 7 => trades 1:10@100 2:out(10); cancelled 20; fill limit`},
	{"who is to go meets himself before the range, also without room", ownBeyond + `
		room 1
		buy 9 30@110 pan 7 active ioc => trades 1:10@100; cancelled 20; self-trade`},
	{"an own order beyond the range is not met", ownBeyond + `
		range 0 100
		buy 9 30@110 pan 7 active => trades 1:10@100; cancelled 20; range
		orders             => asks 2:10@101 3:10@103`},
	{"whole or not at all, with own orders and a range", ownBeyond + `
		buy 9 20@110 fok pan 7 => cancelled 20
		range 0 103
		buy 9 21@110 fok pan 7 => cancelled 21
		buy 9 11@110 fok pan 7 active => cancelled 11; self-trade
		buy 9 20@110 fok pan 7 => trades 1:10@100 2:out(10) 3:10@103; nothing left`},
	{"a modify is held by the range as an entry is", `
		buy 1 10@100
		buy 2 10@100
		range 0 99
		modify 1 9@100
		orders             => bids 1:9@100 2:10@100
		modify 1 10@100    => cancelled 10; range
		modify 2 10@99
		orders             => bids 2:10@99`},
	{"a quantity that falls to the disclosed part keeps the place, and what shows", partly + `
		modify 1 61@100 dq 60
		orders             => asks 1:10+51@100 2:10@100
		modify 1 60@100 dq 60
		orders             => asks 1:10+50@100 2:10@100
		modify 1 40@100 dq 40
		orders             => asks 1:10+30@100 2:10@100
		modify 1 9@100 dq 9
		orders             => asks 1:9@100 2:10@100`},
	{"the same again changes nothing, with less left than a part", partly + `
		reduce 1 20        => cancelled 20; rests 50
		modify 1 50@100 dq 50
		orders             => asks 1:10+40@100 2:10@100
		modify 1 50@100 dq 50 gtc
		orders             => asks 1:10+40@100 2:10@100
		buy 9 10@100       => trades 1:10@100; nothing left
		orders             => asks 2:10@100 1:40@100`},
	{"to show all of what is left is more than shows", partly + `
		modify 1 60@100
		orders             => asks 2:10@100 1:60@100`},
	{"less disclosed keeps the place and what shows, and holds for the next part", partly + `
		modify 1 70@100 dq 59
		orders             => asks 1:10+60@100 2:10@100
		modify 1 70@100 dq 11
		orders             => asks 1:10+60@100 2:10@100
		buy 9 10@100       => trades 1:10@100; nothing left
		orders             => asks 2:10@100 1:11+49@100`},
	{"less disclosed than shows holds at once, more again does not keep the place", partly + `
		modify 1 70@100 dq 9
		orders             => asks 1:9+61@100 2:10@100
		modify 1 70@100 dq 10
		orders             => asks 2:10@100 1:10+60@100`},
	{"less disclosed of less", partly + `
		modify 1 50@100 dq 40
		orders             => asks 1:10+40@100 2:10@100
		modify 1 8@100 dq 5
		orders             => asks 1:5+3@100 2:10@100`},
	{"less disclosed of more loses the place as more does", partly + `
		modify 1 71@100 dq 5
		orders             => asks 2:10@100 1:5+66@100`},
	{"a reduction to what shows, and below", partly + `
		reduce 1 60        => cancelled 60; rests 10
		orders             => asks 1:10@100 2:10@100
		reduce 1 1         => cancelled 1; rests 9
		buy 9 10@100       => trades 1:9@100 2:1@100; nothing left
		orders             => asks 2:9@100`},
	{"a mass cancel takes what is hidden and what waits", partly + `
		last 100
		buy 3 50@110 stop 105 dq 10
		cancel-all sell    => cancelled 1:70 2:10
		cancel-all         => cancelled 3:50`},
}

// ownBeyond has an own order between those of others, and the range ends before the last.
const ownBeyond = `
		sell 1 10@100
		sell 2 10@101 pan 7
		sell 3 10@103
		range 0 102`

// partly has an order of which 10 of a part of 60 are left to show, and 60 more.
const partly = `
		sell 1 120@100 dq 60
		sell 2 10@100
		buy 9 50@100       => trades 1:50@100; nothing left
		orders             => asks 1:10+60@100 2:10@100`
