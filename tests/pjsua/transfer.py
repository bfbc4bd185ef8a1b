"""Three pjsua2 phones in one process: a caller from outside, the agent anna who answers him, and her colleague cecilia.
Anna sends the caller to cecilia. Prints nothing but errors; the recordings are measured by whoever started this.

    transfer.py SERVER_HOST:PORT FOLDER WAY

WAY is `blind`, or `attended` for after a consultation. FOLDER receives caller.wav and cecilia.wav, from when the two are
left to talk.
"""

import pjsua2 as pj

from conversation import (
    AGENT_HZ,
    CALLER_HZ,
    Call,
    Failed,
    Phone,
    account,
    answer,
    run,
    run_for,
    start,
    until,
)

CONFIRMED = pj.PJSIP_INV_STATE_CONFIRMED
DISCONNECTED = pj.PJSIP_INV_STATE_DISCONNECTED


def transfer(endpoint, server, folder, way):
    outside = Phone(endpoint, "sip:+46701234567@demo.localhost", server)
    anna = account(endpoint, server, "anna")
    cecilia = account(endpoint, server, "cecilia")
    caller = Call(outside)
    caller.makeCall("sip:+46850001000@demo.localhost", pj.CallOpParam(True))
    agent = answer(endpoint, anna, "anna")
    until(endpoint, "the caller is answered", lambda: caller.state() == CONFIRMED)
    run_for(endpoint, 0.3)

    if way == "blind":
        agent.xfer("sip:103@demo.localhost", pj.CallOpParam(True))
        third = answer(endpoint, cecilia, "cecilia")
        left = [agent]
    else:
        agent.setHold(pj.CallOpParam())
        run_for(endpoint, 0.5)
        asking = Call(anna)
        asking.makeCall("sip:103@demo.localhost", pj.CallOpParam(True))
        third = answer(endpoint, cecilia, "cecilia")
        until(endpoint, "anna asks cecilia", lambda: asking.state() == CONFIRMED)
        run_for(endpoint, 0.5)
        agent.xferReplaces(asking, pj.CallOpParam(True))
        left = [agent, asking]
    for call in left:
        until(endpoint, "anna is out of it", lambda: call.state() == DISCONNECTED)

    run_for(endpoint, 0.5)
    for call, hertz, name in ((caller, CALLER_HZ, "caller"), (third, AGENT_HZ, "cecilia")):
        if call.state() != CONFIRMED:
            raise Failed(f"the {name}'s call did not outlive the transfer")
        call.play(hertz)
        call.record(f"{folder}/{name}.wav")
    run_for(endpoint, 2.0)
    caller.stop_recording()
    third.stop_recording()
    third.hangup(pj.CallOpParam())
    until(endpoint, "the caller's call ends", lambda: caller.state() == DISCONNECTED)
    run_for(endpoint, 0.3)


if __name__ == "__main__":
    run(lambda server, folder, way: transfer(start(), server, folder, way))
