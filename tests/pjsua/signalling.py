"""pjsua2 phones in one process: what their signalling meets besides talking. Prints nothing but errors.

    signalling.py CASE SERVER_HOST:PORT ...

The cases are the functions below; what they take besides the server is said there.
"""

import pjsua2 as pj

from conversation import Call, Failed, Phone, account, answer, run, run_for, start, until

CONFIRMED = pj.PJSIP_INV_STATE_CONFIRMED
DISCONNECTED = pj.PJSIP_INV_STATE_DISCONNECTED
OUTSIDE = "sip:+46701234567@demo.localhost"


def hang_up(endpoint, call, *others):
    call.hangup(pj.CallOpParam())
    for other in (call, *others):
        until(endpoint, "the call ends", lambda: other.state() == DISCONNECTED)


def expect_answered(call, method, status):
    if (method, status) not in call.answered:
        raise Failed(f"no {method} was answered {status}: {sorted(call.answered)}")


def prack(server, number):
    """A caller from outside who requires 100rel calls bosse, at NUMBER, whose phone requires it too."""
    endpoint = start()

    def required(config):
        config.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY

    bosse = account(endpoint, server, "bosse", required)
    outside = Phone(endpoint, OUTSIDE, server, adjust=required)
    caller = Call(outside)
    caller.makeCall(f"sip:{number}@demo.localhost", pj.CallOpParam(True))
    until(endpoint, "bosse is rung", lambda: bosse.calls)
    ringing = pj.CallOpParam()
    ringing.statusCode = 180
    bosse.calls[0].answer(ringing)
    until(endpoint, "the caller hears it", lambda: caller.state() == pj.PJSIP_INV_STATE_EARLY)
    called = answer(endpoint, bosse, "bosse")
    until(endpoint, "the caller is answered", lambda: caller.state() == CONFIRMED)
    expect_answered(caller, "PRACK", 200)
    expect_answered(called, "PRACK", 200)
    hang_up(endpoint, caller, called)


def timer(server, number):
    """A caller asks for sessions of 90 s, less than the server's least, and calls bosse at NUMBER."""
    endpoint = start()

    def brief(config):
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_REQUIRED
        config.callConfig.timerMinSESec = 90
        config.callConfig.timerSessExpiresSec = 90

    bosse = account(endpoint, server, "bosse")
    outside = Phone(endpoint, OUTSIDE, server, adjust=brief)
    caller = Call(outside)
    caller.makeCall(f"sip:{number}@demo.localhost", pj.CallOpParam(True))
    called = answer(endpoint, bosse, "bosse")
    until(endpoint, "the caller is answered", lambda: caller.state() == CONFIRMED)
    expect_answered(caller, "INVITE", 422)
    hang_up(endpoint, caller, called)


def late_offer(server, number):
    """A caller makes no offer to bosse at NUMBER, answers the server's, and is in a call with sound."""
    endpoint = start()
    bosse = account(endpoint, server, "bosse")
    outside = Phone(endpoint, OUTSIDE, server)
    caller = Call(outside)
    without = pj.CallOpParam(True)
    without.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
    caller.makeCall(f"sip:{number}@demo.localhost", without)
    called = answer(endpoint, bosse, "bosse")
    until(endpoint, "the caller is answered", lambda: caller.state() == CONFIRMED)
    for call in (caller, called):
        until(endpoint, "there is sound", call.has_sound)
    hang_up(endpoint, called, caller)


def connections(tcp, tls, trusted):
    """Anna by TCP and bosse by TLS, which TRUSTED vouches for, call each other."""
    endpoint = start((pj.PJSIP_TRANSPORT_TCP, pj.PJSIP_TRANSPORT_TLS), trusted)
    anna = account(endpoint, f"{tcp};transport=tcp", "anna")
    bosse = account(endpoint, f"{tls};transport=tls", "bosse")
    for one, number, other in ((anna, 102, bosse), (bosse, 101, anna)):
        caller = Call(one)
        caller.makeCall(f"sip:{number}@demo.localhost", pj.CallOpParam(True))
        called = answer(endpoint, other, number)
        until(endpoint, "the caller is answered", lambda: caller.state() == CONFIRMED)
        hang_up(endpoint, called, caller)
        other.calls.clear()


def distrust(tls, trusted):
    """Bosse registers by TLS at a server that TRUSTED does not vouch for: his phone must refuse it."""
    endpoint = start((pj.PJSIP_TRANSPORT_TLS,), trusted)
    phone = Phone(
        endpoint,
        "sip:bosse@demo.localhost",
        f"{tls};transport=tls",
        "sip:demo.localhost",
        "bosse",
        "demo-bosse",
    )
    until(endpoint, "the registration has come to something", lambda: phone.getInfo().regStatus >= 200)
    status = phone.getInfo().regStatus
    if status == 200:
        raise Failed("the phone registered at a server that nobody vouches for")


CASES = {
    case.__name__: case for case in (prack, timer, late_offer, connections, distrust)
}

if __name__ == "__main__":
    run(lambda case, *arguments: CASES[case](*arguments))
