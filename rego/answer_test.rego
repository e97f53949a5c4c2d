package weir

import rego.v2

test_answer_bounded if {
	asked := obligations with input as {"settings": {"answer": {"characters": 100}}}
	asked == {{"code": "answer_blocked", "do": "cut", "characters": 100}}
}

test_answer_not_bounded if count(obligations) == 0 with input as {"settings": {}}

test_echo_allowed if {
	asked := obligations with input as {"settings": {"answer": {"echo": true}}}
	asked == {{"code": "pii_detected", "do": "allow_echo"}}
}
