// The phone in the page: JsSIP, told what to do by `tell`, telling what happens by `told` (see phone.mjs).

import JsSIP from 'jssip';
import { plain, secure } from './description.js';

const DOMAIN = 'demo.localhost';
let agent;
let session;
let soundsPlain;

const uri = number => `sip:${number}@${DOMAIN}`;

// Silence from the page itself, so that no microphone is asked for.
function silence() {
    return new AudioContext().createMediaStreamDestination().stream;
}

// The browser speaks only DTLS-SRTP. Where `plain` is asked for, what it says is written as plain RTP, and what it is told
// as DTLS-SRTP that nobody will ever speak: the signalling of the call is whole, and no sound flows.
function translate(session) {
    session.on('sdp', event => {
        if (soundsPlain) {
            event.sdp = event.originator === 'local' ? plain(event.sdp) : secure(event.sdp, event.type);
        }
    });
}

function follow(added) {
    session = added;
    translate(session);
    session.on('progress', event => told(`progress ${event.response?.status_code ?? ''}`));
    session.on('accepted', () => told('accepted'));
    session.on('confirmed', () => told('confirmed'));
    session.on('ended', event => told(`ended ${event.originator}`));
    session.on('failed', event => told(`failed ${event.message?.status_code ?? event.cause}`));
}

const commands = {
    start(address, name) {
        agent = new JsSIP.UA({
            sockets: [new JsSIP.WebSocketInterface(address)],
            uri: uri(name),
            password: `demo-${name}`,
            register: false,
        });
        agent.on('connected', () => told('connected'));
        agent.on('disconnected', () => told('disconnected'));
        agent.on('registered', () => told('registered'));
        agent.on('unregistered', () => told('unregistered'));
        agent.on('registrationFailed', event => told(`registration-failed ${event.response?.status_code ?? event.cause}`));
        agent.on('newRTCSession', ({ originator, session, request }) => {
            if (originator === 'remote') {
                soundsPlain = true;
                follow(session);
                told(`called ${request.from.uri.user}`);
            }
        });
        agent.on('newMessage', ({ originator, request, message }) => {
            if (originator === 'remote') {
                told(`message ${request.from.uri.user} ${request.body}`);
                message.accept();
            }
        });
        agent.start();
    },
    register: () => agent.register(),
    unregister: () => agent.unregister(),
    call(number, sound) {
        soundsPlain = sound === 'plain';
        const added = ({ originator, session }) => originator === 'local' && follow(session);
        agent.once('newRTCSession', added);
        agent.call(uri(number), { mediaStream: silence(), pcConfig: { iceServers: [] } });
    },
    answer: () => session.answer({ mediaStream: silence(), pcConfig: { iceServers: [] } }),
    decline: () => session.terminate({ status_code: 486 }),
    end: () => session.terminate(),
    ask: number => {
        const answered = {
            succeeded: ({ response }) => told(`answers ${response.status_code} ${response.getHeader('Allow')}`),
            failed: ({ response, cause }) => told(`fails ${response?.status_code ?? cause}`),
        };
        agent.sendOptions(uri(number), null, { eventHandlers: answered });
    },
    message: (number, ...words) => {
        const delivered = {
            succeeded: ({ response }) => told(`delivered ${response.status_code}`),
            failed: ({ response, cause }) => told(`undelivered ${response?.status_code ?? cause}`),
        };
        agent.sendMessage(uri(number), words.join(' '), { eventHandlers: delivered });
    },
};

globalThis.tell = line => {
    const [command, ...words] = line.split(' ');
    commands[command](...words);
};
