"""What the page of a link says around the form, in the languages that a link may be made in.

`notices` are the sentences of form.js and of form-js, as they stand there in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """One language."""

    asks: str  #: {who}
    until: str
    once: str
    send: str
    needs_script: str
    over: Mapping[str, tuple[str, str]]  #: by how a link stands: a title and a sentence
    notices: Mapping[str, str] = field(default_factory=dict)


WORDS: Mapping[str, Words] = {
    "en": Words(
        asks="{who} asks you for this.",
        until="You can answer until",
        once="You can send it once. Only what you see here is kept.",
        send="Send",
        needs_script="This form needs JavaScript: allow it for this page, and load the page again.",
        over={
            "used": ("Thank you", "This form has been answered. There is nothing more to do here."),
            "revoked": ("This link has been withdrawn", "Ask who sent it to you if you think that it should work."),
            "expired": ("This link has expired", "Ask who sent it to you for a new one."),
            "over": ("This is no longer needed", "The form is closed. There is nothing more to do here."),
            "waits": ("Not just now", "This form cannot be answered at the moment. Try again later."),
            "unknown": ("This link does not work", "Look whether you have copied the whole address."),
            "busy": ("Too many tries", "Wait a few minutes, then load this page again."),
        },
    ),
    "de": Words(
        asks="{who} bittet Sie um diese Angaben.",
        until="Sie können antworten bis",
        once="Sie können das Formular einmal absenden. Gespeichert wird nur, was Sie hier sehen.",
        send="Absenden",
        needs_script="Dieses Formular braucht JavaScript: Erlauben Sie es für diese Seite und laden Sie sie neu.",
        over={
            "used": ("Vielen Dank", "Dieses Formular ist beantwortet. Hier ist nichts mehr zu tun."),
            "revoked": ("Dieser Link wurde zurückgezogen", "Fragen Sie bitte nach, wer ihn Ihnen geschickt hat."),
            "expired": ("Dieser Link ist abgelaufen", "Bitten Sie um einen neuen bei dem, der ihn geschickt hat."),
            "over": ("Das wird nicht mehr gebraucht", "Das Formular ist geschlossen. Hier ist nichts mehr zu tun."),
            "waits": ("Gerade nicht möglich", "Dieses Formular kann im Moment nicht beantwortet werden. Bitte später."),
            "unknown": ("Dieser Link geht nicht", "Prüfen Sie bitte, ob die Adresse vollständig kopiert ist."),
            "busy": ("Zu viele Versuche", "Warten Sie einige Minuten und laden Sie die Seite dann neu."),
        },
        notices={
            "Some answers need another look.": "Einige Angaben stimmen noch nicht.",
            "One answer needs another look: ": "Eine Angabe stimmt noch nicht: ",
            "{n} answers need another look: ": "{n} Angaben stimmen noch nicht: ",
            "The server could not be reached. Nothing is lost: try again.":
                "Der Server ist nicht erreichbar. Nichts ist verloren: Versuchen Sie es noch einmal.",
            "Field is required.": "Diese Angabe fehlt.",
            "Field must be a valid email address.": "Das ist keine gültige E-Mail-Adresse.",
            "Field must be a valid international phone number. (e.g. +4930664040900)":
                "Das ist keine gültige Telefonnummer, wie +4930664040900.",
        },
    ),
    "fr": Words(
        asks="{who} vous demande ces informations.",
        until="Vous pouvez répondre jusqu’au",
        once="Vous pouvez envoyer le formulaire une seule fois. Seul ce que vous voyez ici est conservé.",
        send="Envoyer",
        needs_script="Ce formulaire a besoin de JavaScript : autorisez-le pour cette page, puis rechargez-la.",
        over={
            "used": ("Merci", "Ce formulaire a été rempli. Il n’y a plus rien à faire ici."),
            "revoked": ("Ce lien a été retiré", "Demandez à la personne qui vous l’a envoyé."),
            "expired": ("Ce lien a expiré", "Demandez-en un nouveau à la personne qui vous l’a envoyé."),
            "over": ("Ce n’est plus nécessaire", "Le formulaire est clos. Il n’y a plus rien à faire ici."),
            "waits": ("Pas pour l’instant", "Ce formulaire ne peut pas être rempli en ce moment. Réessayez plus tard."),
            "unknown": ("Ce lien ne fonctionne pas", "Vérifiez que vous avez copié l’adresse entière."),
            "busy": ("Trop d’essais", "Attendez quelques minutes, puis rechargez cette page."),
        },
        notices={
            "Some answers need another look.": "Certaines réponses sont à revoir.",
            "One answer needs another look: ": "Une réponse est à revoir : ",
            "{n} answers need another look: ": "{n} réponses sont à revoir : ",
            "The server could not be reached. Nothing is lost: try again.":
                "Le serveur ne répond pas. Rien n’est perdu : réessayez.",
            "Field is required.": "Cette réponse manque.",
            "Field must be a valid email address.": "Ce n’est pas une adresse e-mail valable.",
            "Field must be a valid international phone number. (e.g. +4930664040900)":
                "Ce n’est pas un numéro de téléphone valable, comme +4930664040900.",
        },
    ),
    "es": Words(
        asks="{who} le pide estos datos.",
        until="Puede responder hasta el",
        once="Puede enviar el formulario una sola vez. Solo se guarda lo que ve aquí.",
        send="Enviar",
        needs_script="Este formulario necesita JavaScript: permítalo para esta página y vuelva a cargarla.",
        over={
            "used": ("Gracias", "Este formulario ya está respondido. No hay nada más que hacer aquí."),
            "revoked": ("Este enlace se ha retirado", "Pregunte a quien se lo envió."),
            "expired": ("Este enlace ha caducado", "Pida uno nuevo a quien se lo envió."),
            "over": ("Ya no hace falta", "El formulario está cerrado. No hay nada más que hacer aquí."),
            "waits": ("Ahora no es posible", "Este formulario no se puede responder en este momento. Inténtelo luego."),
            "unknown": ("Este enlace no funciona", "Compruebe que ha copiado la dirección completa."),
            "busy": ("Demasiados intentos", "Espere unos minutos y vuelva a cargar esta página."),
        },
        notices={
            "Some answers need another look.": "Hay respuestas por revisar.",
            "One answer needs another look: ": "Hay una respuesta por revisar: ",
            "{n} answers need another look: ": "Hay {n} respuestas por revisar: ",
            "The server could not be reached. Nothing is lost: try again.":
                "El servidor no responde. No se ha perdido nada: inténtelo de nuevo.",
            "Field is required.": "Falta esta respuesta.",
            "Field must be a valid email address.": "No es una dirección de correo válida.",
            "Field must be a valid international phone number. (e.g. +4930664040900)":
                "No es un número de teléfono válido, como +4930664040900.",
        },
    ),
}  # fmt: skip
