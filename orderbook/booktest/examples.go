package booktest

// example is a story of one book, in the form of a probe's script.
type example struct{ name, script string }

// modifyExamples are the table of what keeps its place (NSE, NNF: "Effect of modifying").
var modifyExamples = []example{
	{"a lower quantity keeps the place", `
		buy 1 100@100
		buy 2 100@100
		modify 1 99@100
		orders             => bids 1:99@100 2:100@100`},
	{"the same again keeps the place", `
		buy 1 100@100
		buy 2 100@100
		modify 1 100@100
		orders             => bids 1:100@100 2:100@100`},
	{"a higher quantity loses it", `
		buy 1 100@100
		buy 2 100@100
		modify 1 101@100
		orders             => bids 2:100@100 1:101@100`},
	{"a new price loses it, there and back", `
		buy 1 100@100
		buy 2 100@100
		buy 3 100@99
		modify 1 100@99
		orders             => bids 2:100@100 3:100@99 1:100@99
		modify 1 100@100
		orders             => bids 2:100@100 1:100@100 3:100@99`},
	{"a part of the quantity left may be given up, after a trade too", `
		buy 1 100@100
		buy 2 100@100
		sell 9 40@100      => trades 1:40@100; nothing left
		modify 1 60@100
		orders             => bids 1:60@100 2:100@100
		modify 1 61@100
		orders             => bids 2:100@100 1:61@100`},
	{"less disclosed keeps the place", `
		sell 1 100@100 dq 50
		sell 2 100@100
		modify 1 100@100 dq 49
		orders             => asks 1:49+51@100 2:100@100`},
	{"more disclosed loses it", `
		sell 1 100@100 dq 50
		sell 2 100@100
		modify 1 100@100 dq 51
		orders             => asks 2:100@100 1:51+49@100`},
	{"to show all instead of a part loses it", `
		sell 1 100@100 dq 50
		sell 2 100@100
		modify 1 100@100
		orders             => asks 2:100@100 1:100@100`},
	{"to show a part instead of all keeps it", `
		sell 1 100@100
		sell 2 100@100
		modify 1 100@100 dq 20
		orders             => asks 1:20+80@100 2:100@100
		modify 1 100@100 dq 20
		orders             => asks 1:20+80@100 2:100@100`},
	{"to show all of what is left keeps it if all of it shows", `
		sell 1 100@100 dq 50
		sell 2 100@100
		modify 1 50@100 dq 50
		orders             => asks 1:50@100 2:100@100`},
	{"the same part keeps what shows of it", `
		sell 1 100@100 dq 50
		sell 2 100@100
		buy 9 20@100       => trades 1:20@100; nothing left
		orders             => asks 1:30+50@100 2:100@100
		modify 1 70@100 dq 50
		orders             => asks 1:30+40@100 2:100@100
		modify 1 25@100 dq 25
		orders             => asks 1:25@100 2:100@100`},
	{"a smaller part keeps it, also if more than that shows no more", `
		sell 1 100@100 dq 50
		sell 2 100@100
		buy 9 20@100       => trades 1:20@100; nothing left
		modify 1 80@100 dq 40
		orders             => asks 1:30+50@100 2:100@100
		modify 1 80@100 dq 30
		orders             => asks 1:30+50@100 2:100@100
		modify 1 80@100 dq 31
		orders             => asks 2:100@100 1:31+49@100`},
	{"Day, GTC and GTD keep it", `
		buy 1 100@100
		buy 2 100@100
		modify 1 100@100 gtc
		modify 1 100@100 gtd
		modify 1 100@100
		orders             => bids 1:100@100 2:100@100`},
	{"another trigger loses the place behind the trigger", `
		buy 1 10@120 stop 110
		buy 2 10@120 stop 110
		modify 1 10@120 stop 111
		modify 1 10@120 stop 110
		stops              => buys 2:10@120/110 1:10@120/110`},
	{"another limit of a stop-loss order loses it", `
		buy 1 10@120 stop 110
		buy 2 10@120 stop 110
		modify 1 10@119 stop 110
		stops              => buys 2:10@120/110 1:10@119/110`},
	{"a stop-loss order made market or limit loses it", `
		sell 1 10@90 stop 95
		sell 2 10@90 stop 95
		modify 1 10@market stop 95
		stops              => sells 2:10@90/95 1:10@market/95
		modify 1 10@market stop 95
		modify 2 10@market stop 95
		stops              => sells 1:10@market/95 2:10@market/95`},
	{"a higher quantity of a stop-loss order loses it, a lower keeps it", `
		buy 1 10@120 stop 110
		buy 2 10@120 stop 110
		modify 1 9@120 stop 110 gtc
		stops              => buys 1:9@120/110 2:10@120/110
		modify 1 10@120 stop 110
		stops              => buys 2:10@120/110 1:10@120/110`},
	{"any other quantity of a stop-loss order without a limit loses it", `
		buy 1 10@market stop 110
		buy 2 10@market stop 110
		modify 1 10@market stop 110
		stops              => buys 1:10@market/110 2:10@market/110
		modify 1 9@market stop 110
		stops              => buys 2:10@market/110 1:9@market/110
		modify 2 11@market stop 110
		stops              => buys 1:9@market/110 2:11@market/110`},
	{"more disclosed of a stop-loss order loses it, less keeps it", `
		buy 1 10@120 stop 110 dq 5
		buy 2 10@120 stop 110
		modify 1 10@120 stop 110 dq 4
		stops              => buys 1:10@120/110 2:10@120/110
		modify 1 10@120 stop 110 dq 5
		stops              => buys 2:10@120/110 1:10@120/110
		modify 2 10@120 stop 110 dq 3
		stops              => buys 2:10@120/110 1:10@120/110`},
	{"a modify to IOC, market or FOK enters as such", `
		buy 1 30@100
		buy 2 30@100
		buy 3 30@100
		buy 4 30@100
		sell 5 10@101
		modify 1 30@101 fok => cancelled 30
		modify 2 30@100 ioc => cancelled 30
		modify 3 30@market  => trades 5:10@101; cancelled 20
		orders              => bids 4:30@100`},
	{"a modify to FOK that can be filled", `
		buy 1 30@100
		sell 5 30@101
		modify 1 30@101 fok => trades 5:30@101; nothing left`},
}

// disclosedExamples are the rules of disclosed quantities.
var disclosedExamples = []example{
	{"parts go to the back, one trade for those with nothing between", `
		sell 1 500@10000 dq 100
		sell 2 50@10000 pan 7
		sell 3 200@10000
		touch              => bid none, ask 350@10000
		buy 9 500@10050 pan 7 => trades 1:100@10000 2:out(50) 3:200@10000 1:200@10000; nothing left
		orders             => asks 1:100+100@10000`},
	{"a part that is not used up keeps its place", `
		sell 1 100@100 dq 30
		sell 2 50@100
		buy 8 20@100       => trades 1:20@100; nothing left
		orders             => asks 1:10+70@100 2:50@100
		buy 9 15@100       => trades 1:10@100 2:5@100; nothing left
		orders             => asks 2:45@100 1:30+40@100
		touch              => bid none, ask 75@100`},
	{"the next part shows as soon as one is used up", `
		sell 1 100@100 dq 30
		sell 2 10@100
		buy 8 30@100       => trades 1:30@100; nothing left
		orders             => asks 2:10@100 1:30+40@100`},
	{"parts of two orders take turns", `
		sell 1 25@100 dq 10
		sell 2 25@100 dq 5
		buy 9 43@100       => trades 1:10@100 2:5@100 1:10@100 2:5@100 1:5@100 2:8@100; nothing left
		orders             => asks 2:2+5@100`},
	{"an incoming order trades whole, and what rests shows a part", `
		sell 1 100@100
		buy 2 150@100 dq 20 => trades 1:100@100; rests 50
		orders             => bids 2:20+30@100
		touch              => bid 20@100, ask none`},
	{"the last part is what is left", `
		sell 1 25@100 dq 10
		buy 9 10@100       => trades 1:10@100; nothing left
		buy 9 10@100       => trades 1:10@100; nothing left
		orders             => asks 1:5@100
		buy 9 10@100       => trades 1:5@100; rests 5`},
	{"to disclose all is to hide nothing", `
		sell 1 100@100 dq 100
		sell 2 10@100
		buy 9 50@100       => trades 1:50@100; nothing left
		orders             => asks 1:50@100 2:10@100`},
	{"alone at its price it trades in one step, however large", `
		sell 1 4294967295@100 dq 1
		buy 9 4294967290@100 => trades 1:4294967290@100; nothing left
		orders             => asks 1:1+4@100
		buy 9 4294967295@100 => trades 1:5@100; rests 4294967290`},
	{"alone at its price, up to the inside of a part", `
		buy 1 4294967295@100 dq 1000000
		buy 2 10@99
		sell 9 1500000@99  => trades 1:1500000@100; nothing left
		orders             => bids 1:500000+4292967295@100 2:10@99
		sell 9 500000@99   => trades 1:500000@100; nothing left
		orders             => bids 1:1000000+4291967295@100 2:10@99
		sell 9 4292967299@99 => trades 1:4292967295@100 2:4@99; nothing left`},
	{"the parts of one need one fill, of two as many as there are turns", `
		sell 1 4294967295@100 dq 1
		room 1
		buy 9 100@100      => trades 1:100@100; nothing left
		sell 2 4294967295@100 dq 1
		room 4
		buy 9 1000@100     => trades 1:1@100 2:1@100 1:1@100 2:1@100; cancelled 996; fill limit`},
	{"a reduction takes what is hidden first", `
		sell 1 100@100 dq 30
		sell 2 10@100
		reduce 1 60        => cancelled 60; rests 40
		orders             => asks 1:30+10@100 2:10@100
		reduce 1 20        => cancelled 20; rests 20
		orders             => asks 1:20@100 2:10@100
		reduce 1 20        => cancelled 20
		orders             => asks 2:10@100`},
	{"a cancel takes all", `
		sell 1 100@100 dq 30
		cancel 1           => cancelled 100
		touch              => bid none, ask none`},
}

// fokExamples are orders that are filled whole or not at all, and the execution range.
var fokExamples = []example{
	{"filled whole over levels", `
		sell 1 10@100
		sell 2 10@101
		buy 9 20@101 fok   => trades 1:10@100 2:10@101; nothing left`},
	{"one is missing", `
		sell 1 10@100
		sell 2 10@101
		buy 9 21@101 fok   => cancelled 21
		buy 9 11@100 fok   => cancelled 11
		orders             => asks 1:10@100 2:10@101`},
	{"market", `
		buy 1 10@100
		buy 2 10@1
		sell 9 21@market fok => cancelled 21
		sell 9 20@market fok => trades 1:10@100 2:10@1; nothing left`},
	{"what is hidden counts", `
		sell 1 100@100 dq 10
		buy 9 101@100 fok  => cancelled 101
		buy 9 100@100 fok  => trades 1:100@100; nothing left`},
	{"own orders do not count", `
		sell 1 10@100
		sell 2 10@100 pan 7
		sell 3 10@100
		buy 9 21@100 fok pan 7 => cancelled 21
		orders             => asks 1:10@100 2:10@100 3:10@100
		buy 9 20@100 fok pan 7 => trades 1:10@100 2:out(10) 3:10@100; nothing left`},
	{"an active one must be full before its own order", `
		sell 1 10@100
		sell 2 10@100 pan 7
		sell 3 10@100
		buy 9 11@100 fok pan 7 active => cancelled 11; self-trade
		buy 9 10@100 fok pan 7 active => trades 1:10@100; nothing left
		buy 9 10@101 fok pan 7 active => cancelled 10; self-trade
		buy 9 10@99 fok pan 7 active => cancelled 10`},
	{"only a part comes before an own order at the same price", `
		sell 1 500@100 dq 100
		sell 2 50@100 pan 7
		buy 9 200@100 fok pan 7 active => cancelled 200; self-trade
		orders             => asks 1:100+400@100 2:50@100
		buy 9 100@100 fok pan 7 active => trades 1:100@100; nothing left
		orders             => asks 2:50@100 1:100+300@100`},
	{"at a better price all of it comes before", `
		sell 1 500@99 dq 100
		sell 2 50@100 pan 7
		buy 9 500@100 fok pan 7 active => trades 1:500@99; nothing left
		orders             => asks 2:50@100`},
	{"without room for its fills", `
		sell 1 10@100
		sell 2 10@100
		room 1
		buy 9 20@100 fok   => trades 1:10@100; cancelled 10; fill limit`},
	{"an order trades within the range, what goes beyond is cancelled", `
		sell 1 10@100
		sell 2 10@105
		sell 3 10@106
		range 95 105
		buy 9 30@110       => trades 1:10@100 2:10@105; cancelled 10; range
		buy 9 10@105       => rests 10
		orders             => bids 9:10@105; asks 3:10@106`},
	{"a market order beyond the range", `
		buy 1 10@100
		buy 2 10@94
		range 95 105
		sell 9 20@market   => trades 1:10@100; cancelled 10; range
		sell 9 20@94 ioc   => cancelled 20; range
		sell 9 20@94 fok   => cancelled 20
		sell 9 20@95 ioc   => cancelled 20
		range 0 105
		sell 9 20@market   => trades 2:10@94; cancelled 10`},
	{"a market order that finds nobody, in the range or beyond", `
		range 95 105
		buy 9 20@market    => cancelled 20
		sell 1 10@105
		buy 9 20@market    => trades 1:10@105; cancelled 10
		buy 2 10@95
		sell 9 20@market ioc => trades 2:10@95; cancelled 10
		buy 9 20@106       => cancelled 20; range`},
}
