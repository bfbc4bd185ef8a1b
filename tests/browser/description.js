// Session descriptions between a browser, which knows only DTLS-SRTP, and a peer that is spoken to in plain RTP.

// Where the peer's audio goes: nobody listens there.
const NOWHERE = '127.0.0.1';
const DISCARD_PORT = 9;

const lines = sdp => sdp.split(/\r?\n/).filter(line => line !== '');
const joined = all => all.map(line => `${line}\r\n`).join('');

// What a browser says, as plain RTP: neither keys nor candidates.
export function plain(sdp) {
    const kept = /^(v=|o=|s=|t=|a=(rtpmap|fmtp|ptime|sendrecv|sendonly|recvonly|inactive))/;
    const audio = lines(sdp).flatMap(line => {
        const media = /^m=audio \S+ \S+ (.*)$/.exec(line);
        if (media) {
            return [`c=IN IP4 ${NOWHERE}`, `m=audio ${DISCARD_PORT} RTP/AVP ${media[1]}`];
        }
        return kept.test(line) ? [line] : [];
    });
    return joined(audio);
}

// What a plain peer says, as a browser wants to hear it.
export function secure(sdp, type) {
    const keys = [
        'a=ice-ufrag:kolapp',
        'a=ice-pwd:0123456789012345678901',
        `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
        `a=setup:${type === 'offer' ? 'actpass' : 'passive'}`,
        'a=rtcp-mux',
        'a=mid:0',
    ];
    const all = lines(sdp).map(line => line.replace(/^(m=audio \S+ )RTP\/AVP /, '$1UDP/TLS/RTP/SAVPF '));
    return joined([...all, ...keys]);
}
