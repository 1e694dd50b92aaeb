// The page of the device flow. The token lives in this variable alone, and is ended as soon as the person has decided.
let token;

// The page may lie behind a path of a proxy.
const base = location.pathname.replace(/\/device\/?$/, '');
const at = (id) => document.getElementById(id);

class Refused extends Error {
  constructor({ code = '', detail = '' }, status, retryAfter) {
    super(detail);
    Object.assign(this, { code, status, retryAfter });
  }
}

async function ask(path, { method = 'GET', body, keepalive = false } = {}) {
  const response = await fetch(base + path, {
    method,
    keepalive,
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer, response.status, response.headers.get('retry-after'));
  return answer;
}

/** Ends the sign-in on this page; the device has one of its own. */
async function signOut() {
  if (token === undefined) return;
  const leaving = ask('/v1/auth/logout', { method: 'POST', keepalive: true });
  token = undefined;
  await leaving.catch(() => undefined);
}

const sentences = {
  LOGIN_FAILED: 'The email or the password is wrong.',
  DEVICE_CODE_NOT_FOUND:
    'No device waits with this code. Check what the device shows: a code is good once, for ten minutes.',
  SCOPE_NOT_HELD: 'You have none of the rights that this device asks for, so there is nothing to allow.',
  VALIDATION_FAILED: 'Fill in the code, a valid email and your password.',
};

function sentenceOf(error) {
  if (!(error instanceof Refused)) return 'Keyport cannot be reached. Check your connection and try again.';
  if (error.status === 429) return `There were too many attempts. Try again in ${error.retryAfter ?? 'some'} seconds.`;
  if (error.status === 401 && error.code !== 'LOGIN_FAILED') return 'Your sign-in has ended. Sign in again.';
  return sentences[error.code] ?? `Something failed (${error.code || error.status}). Try again.`;
}

function tell(error) {
  at('problem').textContent = error ? sentenceOf(error) : '';
  at('problem').hidden = !error;
}

function showStep(step, heading) {
  for (const id of ['sign-in', 'consent', 'done']) at(id).hidden = id !== step;
  at('heading').textContent = heading;
  document.title = `${heading} – Keyport`;
  at('heading').focus();
}

function fill(list, texts) {
  at(list).replaceChildren(...texts.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}

async function busily(button, work) {
  for (const one of document.querySelectorAll('button')) one.disabled = true;
  try {
    tell();
    await work();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) token = undefined;
    if (token === undefined && at('sign-in').hidden) showStep('sign-in', 'Sign in a device');
    at('credentials').hidden = token !== undefined;
    tell(error);
  } finally {
    for (const one of document.querySelectorAll('button')) one.disabled = false;
    if (!button.closest('[hidden]') && !at('problem').hidden) button.focus();
  }
}

async function signIn() {
  if (token === undefined) {
    const json = { email: at('email').value.trim(), password: at('password').value };
    ({ accessToken: token } = await ask('/v1/auth/login', { method: 'POST', body: json }));
    at('password').value = '';
  }
  const asked = await ask(`/v1/auth/device?userCode=${encodeURIComponent(at('code').value.trim())}`);
  at('client').textContent = asked.client.name;
  at('account').textContent = at('email').value.trim();
  at('shown-code').textContent = asked.userCode;
  at('code').value = asked.userCode;
  const lacking = asked.scopes.filter((scope) => !asked.granted.includes(scope));
  fill('granted', asked.granted.length > 0 ? asked.granted : ['nothing']);
  fill('not-granted', lacking);
  at('refused-part').hidden = lacking.length === 0;
  at('allow').hidden = asked.granted.length === 0;
  showStep('consent', `Allow ${asked.client.name}?`);
}

async function decide(approve) {
  const { client } = await ask('/v1/auth/device', { method: 'POST', body: { userCode: at('code').value, approve } });
  await signOut();
  const [heading, sentence] = approve
    ? ['Device signed in', `${client.name} is signed in. You can close this page; the device goes on by itself.`]
    : ['Device refused', `${client.name} got nothing. You can close this page.`];
  at('done').textContent = sentence;
  showStep('done', heading);
}

at('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  void busily(event.submitter ?? at('sign-in').querySelector('button'), signIn);
});
at('allow').addEventListener('click', () => void busily(at('allow'), () => decide(true)));
at('refuse').addEventListener('click', () => void busily(at('refuse'), () => decide(false)));
addEventListener('pagehide', () => void signOut());
// A page that a browser kept and shows again has no sign-in any more.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

const given = new URLSearchParams(location.search).get('user_code');
if (given) at('code').value = given.slice(0, 20);
at(given ? 'email' : 'code').focus();
