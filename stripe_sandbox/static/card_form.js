/* The card form: formats while typing, says what is wrong when a field is left, and turns card data into a token. */
"use strict";

const form = document.getElementById("card");
const fields = Object.fromEntries(
  ["number", "expiry", "cvc", "country", "postal"].map((name) => [name, document.getElementById(name)]),
);
const brandLabel = document.getElementById("brand");
const BRANDS = { visa: "VISA", mastercard: "Mastercard", amex: "Amex", discover: "Discover" };
const COUNTRIES = (
  "AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP LI LT LU LV MT MX NL NO NZ PL PT RO SE SG " +
  "SI SK US"
).split(" ");
const VARIABLES = {
  colorPrimary: "--primary", colorBackground: "--background", colorText: "--text", colorTextSecondary: "--secondary",
  colorTextPlaceholder: "--placeholder", colorDanger: "--danger", borderRadius: "--radius", fontFamily: "--font",
  fontSizeBase: "--size", spacingUnit: "--unit",
};
let showsPostal = true;
let showsCountry = true;

const digitsOf = (text) => text.replace(/\D/g, "");
const brandOf = (digits) => {
  if (/^3[47]/.test(digits)) return "amex";
  if (/^4/.test(digits)) return "visa";
  if (/^5[1-5]/.test(digits) || (digits.length >= 4 && digits.slice(0, 4) >= "2221" && digits.slice(0, 4) <= "2720")) {
    return "mastercard";
  }
  return /^(6011|65)/.test(digits) ? "discover" : null;
};
const numberLength = (digits) => (brandOf(digits) === "amex" ? 15 : 16);
const cvcLength = () => (brandOf(digitsOf(fields.number.value)) === "amex" ? 4 : 3);

const luhnIsValid = (digits) =>
  [...digits].reverse().reduce((sum, digit, index) => {
    const doubled = Number(digit) * (index % 2 ? 2 : 1);
    return sum + (doubled > 9 ? doubled - 9 : doubled);
  }, 0) % 10 === 0;

const grouped = (digits) => {
  const groups = brandOf(digits) === "amex" ? [4, 6, 5] : [4, 4, 4, 4];
  const parts = [];
  let start = 0;
  for (const length of groups) {
    if (start < digits.length) parts.push(digits.slice(start, start + length));
    start += length;
  }
  return parts.join(" ");
};

const expiryOf = (text) => {
  const digits = digitsOf(text);
  const spelled = text.match(/^\s*(\d{1,2})\s*[/-]\s*(?:20)?(\d{2})\s*$/);
  return spelled ? [spelled[1].padStart(2, "0"), spelled[2]] : [digits.slice(0, 2), digits.slice(2, 4)];
};

const expiryText = (text, deleting) => {
  const slash = text.match(/^\s*(\d)\s*\/\s*(.*)$/);
  const digits = slash ? `0${slash[1]}${digitsOf(slash[2])}` : digitsOf(/^\s*[2-9]/.test(text) ? `0${text.trim()}` : text);
  const [month, year] = digits.length > 4 ? expiryOf(`${digits.slice(0, 2)}/${digits.slice(-2)}`) : [digits.slice(0, 2), digits.slice(2)];
  return year || (month.length === 2 && !deleting) ? `${month} / ${year}` : month;
};

/* Rewrites a field and leaves the caret behind the same digit. */
const rewrite = (input, text) => {
  const digitsBefore = digitsOf(input.value.slice(0, input.selectionStart)).length;
  const atEnd = input.selectionStart === input.value.length;
  if (input.value === text) return;
  input.value = text;
  if (document.activeElement !== input) return;
  let place = 0;
  for (let seen = 0; seen < digitsBefore && place < text.length; place += 1) if (/\d/.test(text[place])) seen += 1;
  input.setSelectionRange(atEnd ? text.length : place, atEnd ? text.length : place);
};

/* What is wrong with a field: {code, message}, or null. */
const faults = {
  number() {
    const digits = digitsOf(fields.number.value);
    const length = numberLength(digits);
    if (digits.length < length) return { code: "incomplete_number", message: "Your card number is incomplete." };
    if (digits.length > length || !luhnIsValid(digits)) {
      return { code: "invalid_number", message: "Your card number is invalid." };
    }
    return null;
  },
  expiry() {
    const [month, year] = expiryOf(fields.expiry.value);
    if (month.length < 2 || year.length < 2) {
      return { code: "incomplete_expiry", message: "Your card's expiration date is incomplete." };
    }
    if (Number(month) < 1 || Number(month) > 12) {
      return { code: "invalid_expiry_month", message: "Your card's expiration month is invalid." };
    }
    const now = new Date();
    const full = Math.floor(now.getFullYear() / 100) * 100 + Number(year);
    if (full < now.getFullYear()) {
      return { code: "invalid_expiry_year_past", message: "Your card's expiration year is in the past." };
    }
    if (full === now.getFullYear() && Number(month) < now.getMonth() + 1) {
      return { code: "invalid_expiry_month_past", message: "Your card's expiration date is in the past." };
    }
    return full > now.getFullYear() + 50
      ? { code: "invalid_expiry_year", message: "Your card's expiration year is invalid." }
      : null;
  },
  cvc() {
    return fields.cvc.value.length === cvcLength()
      ? null
      : { code: "incomplete_cvc", message: "Your card's security code is incomplete." };
  },
};

const show = (name, fault) => {
  const message = document.getElementById(`${name}-error`);
  message.parentElement.classList.toggle("shown", Boolean(fault));
  if (fault) message.textContent = fault.message;
  else message.textContent = "";
  if (fault) fields[name].setAttribute("aria-invalid", "true");
  else fields[name].removeAttribute("aria-invalid");
};

const tellChange = () => {
  const empty = !fields.number.value && !fields.expiry.value && !fields.cvc.value;
  const complete = Object.values(faults).every((check) => !check());
  page.send("change", { empty, complete });
};

fields.number.addEventListener("input", () => {
  const all = digitsOf(fields.number.value);
  const digits = all.slice(0, numberLength(all));
  rewrite(fields.number, grouped(digits));
  brandLabel.textContent = BRANDS[brandOf(digits)] ?? "";
  fields.cvc.maxLength = cvcLength();
});
fields.expiry.addEventListener("input", (event) => {
  const deleting = (event.inputType ?? "").startsWith("delete");
  rewrite(fields.expiry, expiryText(fields.expiry.value, deleting));
});
fields.cvc.addEventListener("input", () => rewrite(fields.cvc, digitsOf(fields.cvc.value).slice(0, cvcLength())));

for (const name of Object.keys(faults)) {
  fields[name].addEventListener("input", () => {
    if (fields[name].hasAttribute("aria-invalid")) show(name, faults[name]());
    tellChange();
  });
  fields[name].addEventListener("blur", () => {
    if (fields[name].value) show(name, faults[name]());
  });
}

const POSTAL_NAMES = { US: "ZIP code", GB: "Postcode" };
const nameThePostalCode = () => {
  document.querySelector('label[for="postal"]').textContent = `${POSTAL_NAMES[fields.country.value] ?? "Postal code"} (optional)`;
};
const names = new Intl.DisplayNames(["en"], { type: "region" });
for (const [name, code] of COUNTRIES.map((code) => [names.of(code), code]).sort((a, b) => a[0].localeCompare(b[0]))) {
  fields.country.append(new Option(name, code));
}
const region = new Intl.Locale(navigator.language).maximize().region;
fields.country.value = COUNTRIES.includes(region) ? region : "US";
fields.country.addEventListener("change", nameThePostalCode);
nameThePostalCode();

const dress = ({ theme, variables = {} } = {}) => {
  const root = document.documentElement;
  root.dataset.scheme = theme === "night" ? "dark" : "light";
  for (const [name, property] of Object.entries(VARIABLES)) {
    if (variables[name]) root.style.setProperty(property, variables[name]);
    else root.style.removeProperty(property);
  }
};

const arrange = ({ fields: wanted = {}, defaultValues = {} } = {}) => {
  const address = wanted.billingDetails?.address ?? wanted.billingDetails ?? {};
  showsCountry = address !== "never" && address.country !== "never";
  showsPostal = address !== "never" && address.postalCode !== "never";
  document.querySelector('[data-field="country"]').hidden = !showsCountry;
  document.querySelector('[data-field="postal"]').hidden = !showsPostal;
  document.getElementById("address").hidden = !showsCountry && !showsPostal;
  document.getElementById("address").classList.toggle("single", showsCountry !== showsPostal);
  const given = defaultValues.billingDetails?.address ?? {};
  if (COUNTRIES.includes(given.country)) fields.country.value = given.country;
  if (given.postal_code) fields.postal.value = given.postal_code;
  nameThePostalCode();
};

/* {error} with the first fault, which gets the focus; every other is shown as well. */
const submit = () => {
  let first = null;
  for (const [name, check] of Object.entries(faults)) {
    const fault = check();
    show(name, fault);
    if (fault && !first) first = { name, fault };
  }
  if (!first) return {};
  fields[first.name].focus();
  return { error: { type: "validation_error", ...first.fault } };
};

const flat = (value, name, into) => {
  if (value === null || value === undefined || value === "") return into;
  if (typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) flat(inner, name ? `${name}[${key}]` : key, into);
  } else {
    into.append(name, value);
  }
  return into;
};

const merged = (address, given = {}) => ({ ...address, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)) });

const createToken = async ({ publishableKey, setupFutureUsage, params }) => {
  const { error } = submit();
  if (error) return { error };
  const [exp_month, year] = expiryOf(fields.expiry.value);
  const typed = {
    ...(showsCountry ? { country: fields.country.value } : {}),
    ...(showsPostal ? { postal_code: fields.postal.value.trim() } : {}),
  };
  const details = params.payment_method_data?.billing_details ?? {};
  const body = flat(
    {
      payment_method_data: {
        type: "card",
        allow_redisplay: params.payment_method_data?.allow_redisplay,
        card: { number: digitsOf(fields.number.value), exp_month, exp_year: `20${year}`, cvc: fields.cvc.value },
        billing_details: { ...details, address: merged(typed, details.address) },
      },
      return_url: params.return_url,
      shipping: params.shipping,
      setup_future_usage: setupFutureUsage,
      key: publishableKey,
    },
    "",
    new URLSearchParams(),
  );
  try {
    const response = await fetch("/v1/confirmation_tokens", { method: "POST", body });
    const answer = await response.json();
    return answer.error ? { error: answer.error } : { confirmationToken: answer };
  } catch {
    return {
      error: { type: "api_connection_error", message: "We could not reach the payment service. Please try again." },
    };
  }
};

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") page.send("enter");
  if (event.key === "Escape") page.send("escape");
});
window.addEventListener("focus", () => page.send("focus"));
window.addEventListener("blur", () => page.send("blur"));

let ready = false;
const tellHeight = () => {
  const height = Math.ceil(form.getBoundingClientRect().height) + 8;
  page.send("height", { height });
};
page.listen({
  options({ elements, element }) {
    dress(elements.appearance);
    arrange(element);
    tellHeight();
    if (!ready) {
      ready = true;
      new ResizeObserver(tellHeight).observe(form);
      page.send("ready");
    }
  },
  submit,
  token: createToken,
  focus: () => fields.number.focus(),
  blur: () => document.activeElement?.blur(),
  clear() {
    form.reset();
    brandLabel.textContent = "";
    for (const name of Object.keys(faults)) show(name, null);
    tellChange();
  },
});
