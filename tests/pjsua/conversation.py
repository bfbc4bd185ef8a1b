"""Two pjsua2 phones in one process: a caller from outside and an agent. They talk, hold and resume; each sends a tone and
records what it hears. Prints nothing but errors; the recordings are measured by whoever started this.

    conversation.py SERVER_HOST:PORT FOLDER HELD_BY

FOLDER receives caller.wav and agent.wav (8 kHz mono, from answer to end), caller-after.wav and agent-after.wav (after
resuming). HELD_BY is `caller` or `agent`.
"""

import os
import sys
import time

import pjsua2 as pj

STEP_MS = 20
LIMIT_S = 20.0
CALLER_HZ = 440
AGENT_HZ = 1000
# An endpoint outlives all that was made at it, until the process ends.
KEPT = []


class Phone(pj.Account):
    def __init__(
        self, endpoint, uri, server, registrar=None, user=None, password=None, adjust=None
    ):
        """`server` may have URI parameters behind its port; `adjust` changes the account's settings before it is made."""
        super().__init__()
        self.endpoint = endpoint
        self.calls = []
        config = pj.AccountConfig()
        config.idUri = uri
        # Everything goes to the server, whatever the domain says.
        config.sipConfig.proxies.append(f"sip:{server};lr")
        if registrar:
            config.regConfig.registrarUri = registrar
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
        if adjust:
            adjust(config)
        self.create(config)

    def onIncomingCall(self, incoming):
        self.calls.append(Call(self, incoming.callId))


class Call(pj.Call):
    def __init__(self, account, call_id=pj.PJSUA_INVALID_ID):
        super().__init__(account, call_id)
        self.tone = None
        self.recorder = None
        # Final answers within the call, as (method, status).
        self.answered = set()

    def onCallTsxState(self, changed):
        transaction = changed.e.body.tsxState.tsx
        if transaction.statusCode >= 200:
            self.answered.add((transaction.method, transaction.statusCode))

    def state(self):
        return self.getInfo().state if self.isActive() else pj.PJSIP_INV_STATE_DISCONNECTED

    def has_sound(self):
        info = self.getInfo()
        return info.media[0].status == pj.PJSUA_CALL_MEDIA_ACTIVE

    def audio(self):
        return self.getAudioMedia(-1)

    def play(self, hertz):
        tone = pj.ToneDesc()
        tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = hertz, 0, 1000, 0
        tones = pj.ToneDescVector()
        tones.append(tone)
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator(8000, 1)
        self.tone.play(tones, True)
        self.tone.startTransmit(self.audio())

    def record(self, path):
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(path)
        self.audio().startTransmit(self.recorder)

    def stop_recording(self):
        self.audio().stopTransmit(self.recorder)
        # The file's header is completed when the recorder goes.
        self.recorder = None


class Failed(Exception):
    pass


def until(endpoint, what, condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {LIMIT_S} s")
        endpoint.libHandleEvents(STEP_MS)


def run_for(endpoint, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        endpoint.libHandleEvents(STEP_MS)


def account(endpoint, server, name, adjust=None):
    """A registered account of the demo."""
    phone = Phone(
        endpoint,
        f"sip:{name}@demo.localhost",
        server,
        "sip:demo.localhost",
        name,
        f"demo-{name}",
        adjust,
    )
    until(endpoint, f"{name} is registered", lambda: phone.getInfo().regStatus == 200)
    return phone


def answer(endpoint, phone, who):
    """Answers the call that has just come."""
    until(endpoint, f"{who} is rung", lambda: phone.calls)
    call = phone.calls[-1]
    operation = pj.CallOpParam()
    operation.statusCode = 200
    call.answer(operation)
    until(endpoint, f"{who}'s call stands", lambda: call.state() == pj.PJSIP_INV_STATE_CONFIRMED)
    return call


def start(transports=(pj.PJSIP_TRANSPORT_UDP,), trusted=None):
    """`trusted` is a file with the authorities that are believed by TLS."""
    endpoint = pj.Endpoint()
    KEPT.append(endpoint)
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = 3
    config.logConfig.consoleLevel = 0
    config.medConfig.clockRate = 8000
    config.medConfig.sndClockRate = 8000
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    for name in list(endpoint.codecEnum2()):
        wanted = name.codecId.startswith(("PCMA", "PCMU"))
        endpoint.codecSetPriority(name.codecId, 200 if wanted else 0)
    transport = pj.TransportConfig()
    transport.port = 0
    transport.boundAddress = "127.0.0.1"
    if trusted:
        transport.tlsConfig.CaListFile = trusted
        transport.tlsConfig.verifyServer = True
    for kind in transports:
        endpoint.transportCreate(kind, transport)
    endpoint.libStart()
    return endpoint


def converse(endpoint, server, folder, held_by):
    outside = Phone(endpoint, "sip:+46701234567@demo.localhost", server)
    inside = account(endpoint, server, "anna")

    caller = Call(outside)
    operation = pj.CallOpParam(True)
    caller.makeCall("sip:+46850001000@demo.localhost", operation)
    until(endpoint, "the caller is answered", lambda: caller.state() == pj.PJSIP_INV_STATE_CONFIRMED)
    run_for(endpoint, 0.1)
    caller.record(f"{folder}/caller.wav")
    until(endpoint, "the agent is rung", lambda: inside.calls)
    agent = inside.calls[0]
    # The welcome is to be heard before anybody answers.
    run_for(endpoint, 2.5)
    answer = pj.CallOpParam()
    answer.statusCode = 200
    agent.answer(answer)
    until(endpoint, "the agent's call stands", lambda: agent.state() == pj.PJSIP_INV_STATE_CONFIRMED)
    run_for(endpoint, 0.3)
    caller.play(CALLER_HZ)
    agent.play(AGENT_HZ)
    agent.record(f"{folder}/agent.wav")
    run_for(endpoint, 2.0)
    caller.stop_recording()
    agent.stop_recording()

    holder = caller if held_by == "caller" else agent
    holder.setHold(pj.CallOpParam())
    run_for(endpoint, 1.0)
    resume = pj.CallOpParam(True)
    resume.opt.flag = pj.PJSUA_CALL_UNHOLD
    holder.reinvite(resume)
    run_for(endpoint, 1.0)
    for call, hertz, name in ((caller, CALLER_HZ, "caller"), (agent, AGENT_HZ, "agent")):
        if call.state() != pj.PJSIP_INV_STATE_CONFIRMED:
            raise Failed(f"the {name}'s call did not outlive the hold")
        call.play(hertz)
        call.record(f"{folder}/{name}-after.wav")
    run_for(endpoint, 1.5)
    caller.stop_recording()
    agent.stop_recording()

    agent.hangup(pj.CallOpParam())
    until(endpoint, "the caller's call ends", lambda: caller.state() == pj.PJSIP_INV_STATE_DISCONNECTED)
    inside.setRegistration(False)
    run_for(endpoint, 0.3)


def run(script):
    """Runs `script` with the arguments of the command line; its failure in a sentence."""
    try:
        script(*sys.argv[1:])
        status = 0
    except (Failed, pj.Error) as error:
        print(error.info() if isinstance(error, pj.Error) else error, file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # pjsua2's objects are torn down in no good order at exit; the recordings are complete by then.
    os._exit(status)


if __name__ == "__main__":
    run(lambda server, folder, held_by: converse(start(), server, folder, held_by))
