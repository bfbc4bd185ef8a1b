"""Agents of a crowd, up to three in a process of pjsua2's. Each rings, answers unless the call is taken away, talks and hangs
up, again and again, until SIGUSR1 comes; then those who talk end their calls.

    crowd.py SERVER_HOST:PORT RTP_PORT NAME...

Writes into its working folder: `ready` when all are registered, and `log` with what tests/src/crowd.rs reads. It fails when
an agent was in trouble.
"""

import re
import signal
import sys
import time

import pjsua2 as pj

from conversation import Call, Failed, Phone, run, start, until

RING_S = 0.3
TALK_S = 5.0
CONFIRMED = pj.PJSIP_INV_STATE_CONFIRMED
DISCONNECTED = pj.PJSIP_INV_STATE_DISCONNECTED


class Crowd:
    def __init__(self, log):
        self.log = log
        # What is to be done, and when.
        self.due = []
        self.standing = set()
        # Calls outlive what is called back in them.
        self.all = []

    def write(self, what, agent, caller):
        now = time.time()
        self.log.write(f"{what} {agent} {caller} {int(now)} {int(now % 1 * 1e6)}\n")

    def later(self, seconds, action):
        self.due.append((time.monotonic() + seconds, action))

    def work(self):
        now = time.monotonic()
        ready = [action for at, action in self.due if at <= now]
        self.due = [(at, action) for at, action in self.due if at > now]
        for action in ready:
            action()


class Agent(Phone):
    """What `Phone` is, in a crowd."""

    def __init__(self, crowd, name, endpoint, server, rtp_port):
        def ports(config):
            config.mediaConfig.transportConfig.port = rtp_port
            config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"

        super().__init__(
            endpoint,
            f"sip:{name}@demo.localhost",
            server,
            "sip:demo.localhost",
            name,
            f"demo-{name}",
            ports,
        )
        self.crowd = crowd
        self.name = name

    def onIncomingCall(self, incoming):
        call = CrowdsCall(self, incoming.callId)
        self.crowd.all.append(call)
        call.ring()


class CrowdsCall(Call):
    def __init__(self, agent, call_id):
        super().__init__(agent, call_id)
        self.crowd, self.agent = agent.crowd, agent.name
        self.caller = None
        self.talks = False

    def ring(self):
        self.caller = re.search(r"sip:([^@;>]+)@", self.getInfo().remoteUri).group(1)
        self.crowd.standing.add(self)
        self.write("rung")
        self.say(180)
        self.crowd.later(RING_S, self.take)

    def write(self, what):
        self.crowd.write(what, self.agent, self.caller)

    def say(self, status):
        operation = pj.CallOpParam()
        operation.statusCode = status
        self.answer(operation)

    def take(self):
        # Unless it was taken away meanwhile.
        if self in self.crowd.standing:
            self.say(200)

    def leave(self):
        if self in self.crowd.standing:
            self.end()
            self.hangup(pj.CallOpParam())

    def end(self):
        if self in self.crowd.standing:
            self.crowd.standing.remove(self)
            self.write("free")

    def onCallState(self, _):
        state = self.getInfo().state
        if state == CONFIRMED and not self.talks:
            self.talks = True
            self.write("talks")
            self.crowd.later(TALK_S, self.leave)
        elif state == DISCONNECTED:
            self.end()


def work(server, rtp_port, *names):
    told = []
    signal.signal(signal.SIGUSR1, lambda *_: told.append(True))
    endpoint = start()
    with open("log", "w", encoding="utf-8") as log:
        crowd = Crowd(log)
        agents = [Agent(crowd, name, endpoint, server, int(rtp_port)) for name in names]
        for agent in agents:
            until(endpoint, f"{agent.name} is registered", lambda: agent.getInfo().regStatus == 200)
        open("ready", "w", encoding="utf-8").close()
        while not told or crowd.standing:
            crowd.work()
            endpoint.libHandleEvents(5)
        # What was sent last is answered meanwhile.
        until(endpoint, "all calls are over", lambda: all(call.state() == DISCONNECTED for call in crowd.all))


if __name__ == "__main__":
    run(work)
