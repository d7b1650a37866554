"""What the mails say that ask the owner of an address for a yes, in English and Spanish."""

from datetime import datetime

_MONTHS_ES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

Words = tuple[str, tuple[str, ...]]


def ask_words(language: str, *, instance: str, until: datetime, changes: bool, source: str) -> Words:
    """Return title and paragraphs of a question; `changes`: it is about a new address of a reader."""
    day = date_words(language, until)
    if language == "es":
        what = (
            "Se pidió que los avisos de noticias de {i} lleguen a esta dirección en lugar de la anterior."
            if changes
            else "El equipo de {i} le invita a recibir avisos de noticias en esta dirección."
            if source == "invitation"
            else "Alguien —esperamos que usted— pidió recibir avisos de noticias de {i} en esta dirección."
        )
        return (
            f"Confirme su dirección: {instance}",
            (
                what.format(i=instance),
                f"Si lo desea, abra la página siguiente y pulse el botón. El enlace sirve hasta el {day}.",
                "Si no lo desea, no haga nada: no recibirá ningún aviso.",
            ),
        )
    what = (
        "News alerts of {i} shall come to this address instead of the one before."
        if changes
        else "The people of {i} invite you to get news alerts at this address."
        if source == "invitation"
        else "Somebody, we hope it was you, asked that news alerts of {i} come to this address."
    )
    return (
        f"Please confirm your address: {instance}",
        (
            what.format(i=instance),
            f"If you want them, open the page below and press the button. The link works until {day}.",
            "If you do not, do nothing: no alert will be sent to you.",
        ),
    )


def known_words(language: str, *, instance: str) -> Words:
    """Return title and paragraphs for somebody who asked again although they are a reader already."""
    if language == "es":
        return (
            f"Ya recibe avisos de {instance}",
            (
                f"Alguien —esperamos que usted— pidió avisos de {instance} en esta dirección, y ya los recibe.",
                "En la página siguiente puede cambiar lo que recibe, ponerlo en pausa o darse de baja.",
            ),
        )
    return (
        f"You get alerts of {instance} already",
        (
            f"Somebody, we hope it was you, asked for alerts of {instance} at this address, which gets them already.",
            "On the page below you can change what you get, pause it, or unsubscribe.",
        ),
    )


def date_words(language: str, moment: datetime) -> str:
    """Write a day as it is read in a language."""
    if language == "es":
        return f"{moment.day} de {_MONTHS_ES[moment.month - 1]} de {moment.year}"
    return f"{moment.day} {_MONTHS_EN[moment.month - 1]} {moment.year}"
