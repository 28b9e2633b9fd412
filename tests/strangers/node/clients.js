// imapflow and nodemailer, as a program in JavaScript uses them. One errand a line on standard
// input, as JSON; one outcome a line on standard output. Nothing here knows the lab.
"use strict";

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { ImapFlow } = require("imapflow");
const nodemailer = require("nodemailer");

function door(errand) {
  return {
    host: errand.host,
    port: errand.port,
    secure: errand.tls === "implicit",
    tls: { ca: readFileSync(errand.ca) },
  };
}

function shown(error) {
  const words = [error.message, error.response, error.responseText, error.code, error.cause];
  return words.filter((word) => word !== undefined).join(" | ");
}

async function imapflow(errand, deed) {
  const auth = { user: errand.user };
  auth[errand.kind === "token" ? "accessToken" : "pass"] = errand.secret;
  const client = new ImapFlow({
    ...door(errand),
    doSTARTTLS: errand.tls === "implicit" ? undefined : errand.tls === "starttls",
    auth,
    logger: false,
  });
  client.on("error", () => {}); // told by the promise that fails as well
  try {
    await client.connect();
    return { done: true, shown: "", ...(await deed(client, errand)) };
  } catch (error) {
    return { done: false, shown: shown(error) };
  } finally {
    await client.logout().catch(() => client.close());
  }
}

const deeds = {
  // Every message of INBOX, as it is.
  async fetch(client) {
    const lock = await client.getMailboxLock("INBOX");
    try {
      const letters = await client.fetchAll("1:*", { source: true });
      return { fetched: letters.map((letter) => letter.source.toString()).join("\n") };
    } finally {
      lock.release();
    }
  },
  // What a program shows before anybody opens a message.
  async look(client) {
    const folders = await client.list({ statusQuery: { messages: true, unseen: true } });
    const lock = await client.getMailboxLock("INBOX", { readOnly: true });
    try {
      const letters = await client.fetchAll("1:*", { envelope: true, bodyStructure: true, flags: true });
      return {
        folders: folders.map((each) => [each.path, each.specialUse || "", each.status.messages]),
        letters: letters.map((each) => [each.envelope.subject, each.bodyStructure.type]),
      };
    } finally {
      lock.release();
    }
  },
  // Sits in IDLE until a new message is announced, then fetches it.
  async wait(client) {
    const lock = await client.getMailboxLock("INBOX");
    try {
      const before = client.mailbox.exists;
      const news = new Promise((tell) => client.once("exists", tell));
      const idling = client.idle();
      process.stdout.write(JSON.stringify({ waiting: before }) + "\n");
      const told = await news;
      const letter = await client.fetchOne(String(told.count), { source: true });
      await idling;
      return { before: told.prevCount, now: told.count, fetched: letter.source.toString() };
    } finally {
      lock.release();
    }
  },
  // One letter marked, copied, moved; one put into Drafts; what is found by searching.
  async file(client) {
    const lock = await client.getMailboxLock("INBOX");
    try {
      const found = await client.search({ subject: "first", seen: false }, { uid: true });
      await client.messageFlagsAdd(found, ["\\Flagged"], { uid: true });
      const copied = await client.messageCopy(found, "Archive", { uid: true });
      const moved = await client.messageMove({ subject: "second" }, "Deleted Items");
      const draft = await client.append("Drafts", "Subject: a draft\r\n\r\nnot yet", ["\\Draft"]);
      await client.mailboxCreate("Verträge/2026");
      return {
        found: found.length,
        copied: copied.uidMap && copied.uidMap.size,
        moved: moved.uidMap && moved.uidMap.size,
        draft: draft.uid,
      };
    } finally {
      lock.release();
    }
  },
  // One part of a letter, decoded by the library.
  async part(client) {
    const lock = await client.getMailboxLock("INBOX");
    try {
      const letter = await client.fetchOne("*", { bodyStructure: true, envelope: true });
      const parts = letter.bodyStructure.childNodes.map((each) => [each.part, each.type]);
      const attached = letter.bodyStructure.childNodes.find((each) => each.disposition === "attachment");
      const { content, meta } = await client.download("*", attached.part);
      const pieces = [];
      for await (const piece of content) pieces.push(piece);
      return {
        subject: letter.envelope.subject,
        parts,
        name: meta.filename,
        content: Buffer.concat(pieces).toString("utf8"),
      };
    } finally {
      lock.release();
    }
  },
};

async function send(errand) {
  const auth = { user: errand.user };
  if (errand.kind === "token") Object.assign(auth, { type: "OAuth2", accessToken: errand.secret });
  else auth.pass = errand.secret;
  const transport = nodemailer.createTransport({
    ...door(errand),
    requireTLS: errand.tls === "starttls",
    ignoreTLS: errand.tls === "never",
    auth,
  });
  try {
    const envelope = { from: errand.sender, to: [errand.to] };
    const letter =
      errand.deed === "compose"
        ? {
            from: { name: "Möller & Söhne", address: errand.sender },
            to: errand.to,
            subject: errand.letter,
            text: "Grüße",
            attachments: [{ filename: "Übersicht.txt", content: "Zeile eins\nZeile zwei\n" }],
          }
        : { envelope, raw: errand.text };
    const sent = await transport.sendMail(letter);
    return { done: true, shown: sent.response };
  } catch (error) {
    return { done: false, shown: shown(error) };
  } finally {
    transport.close();
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const errand = JSON.parse(line);
    const deed = deeds[errand.deed];
    const outcome = errand.protocol === "smtp" ? await send(errand) : await imapflow(errand, deed);
    process.stdout.write(JSON.stringify(outcome) + "\n");
  }
}

main();
