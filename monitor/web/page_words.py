"""What the subscribers' pages say: English as it stands in the templates, and its Spanish."""

from collections.abc import Callable

Say = Callable[[str], str]

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}

SPANISH = {
    # every page
    "Undo": "Deshacer",
    "This page sets no cookie, runs no script and loads nothing from elsewhere.": (
        "Esta página no usa cookies ni programas, ni carga nada de otros sitios."
    ),
    "Questions:": "Preguntas:",
    "All your settings": "Todos sus ajustes",
    # unsubscribe
    "Unsubscribe": "Darse de baja",
    "Everything is stopped: no alert is sent to you.": "Todo está detenido: no recibe ningún aviso.",
    "Get alerts again": "Volver a recibir avisos",
    "Nothing has changed yet. Choose what shall stop, and press the button: it stops at once.": (
        "Todavía no ha cambiado nada. Elija lo que ya no quiere recibir y pulse el botón: el efecto es inmediato."
    ),
    "What shall stop?": "¿Qué ya no quiere recibir?",
    "Only the topic “{topic}”": "Solo el tema «{topic}»",
    "The subscription “{subscription}” to {destination}": "La suscripción «{subscription}» a {destination}",
    "Everything:": "Todo:",
    "Stop it": "Darme de baja",
    "This subscription is stopped already.": "Esta suscripción ya está detenida.",
    "This topic is stopped already.": "Este tema ya está detenido.",
    # mute, snooze, pause
    "Mute this story": "Silenciar esta noticia",
    "Press the button to hear no more of this story. Other stories are told as before.": (
        "Pulse el botón para no saber más de esta noticia. Las demás le llegarán como siempre."
    ),
    "What you have muted": "Lo que ha silenciado",
    "Nothing is muted, snoozed or paused.": "No hay nada silenciado, pospuesto ni en pausa.",
    "End it now": "Terminar ya",
    "Snooze the topic “{topic}”": "Posponer el tema «{topic}»",
    "Press a button to hear nothing of this topic for a while. It comes back by itself.": (
        "Pulse un botón para no recibir nada de este tema durante un tiempo. Después vuelve solo."
    ),
    "For 24 hours": "Durante 24 horas",
    "For 7 days": "Durante 7 días",
    "Pause everything": "Poner todo en pausa",
    "Choose the day on which alerts begin again. Until then nothing is sent to you.": (
        "Elija el día en que vuelven los avisos. Hasta entonces no recibirá nada."
    ),
    "Begin again on": "Volver el",
    "At midnight in your time zone, {zone}.": "A medianoche en su zona horaria, {zone}.",
    "Pause": "Pausar",
    "Pause everything; begin again on": "Poner todo en pausa; volver el",
    # preferences
    "Your settings": "Sus ajustes",
    "You": "Usted",
    "Name: {name}. Language: {language}. Time zone: {zone}.": (
        "Nombre: {name}. Idioma: {language}. Zona horaria: {zone}."
    ),
    "This stands in the file {file} and is changed there.": "Esto está en el archivo {file} y se cambia allí.",
    "This stands in the file {file} and is changed there. You can stop single topics here:": (
        "Esto está en el archivo {file} y se cambia allí. Aquí puede detener temas sueltos:"
    ),
    "Save": "Guardar",
    "Your subscriptions": "Sus suscripciones",
    "to": "a",
    "Stopped.": "Detenida.",
    "– stopped": "– detenido",
    "Get it again": "Volver a recibir",
    "Unsubscribe from this": "Darse de baja de esta",
    "Stop": "Detener",
    "Topics": "Temas",
    "Only news in": "Solo noticias en",
    "English": "inglés",
    "Spanish": "español",
    "None chosen: news in every language.": "Si no elige ninguno: noticias en todos los idiomas.",
    "When": "Cuándo",
    "Another mail address": "Otra dirección de correo",
    "We write to the new address; the change is made once that mail is answered.": (
        "Escribiremos a la dirección nueva; el cambio se hace cuando se confirme ese correo."
    ),
    "Change the address": "Cambiar la dirección",
    "There are none.": "No hay ninguna.",
    "Unsubscribe from everything": "Darse de baja de todo",
    "Stop everything": "Detener todo",
    # fields
    "How often": "Con qué frecuencia",
    "At once, the rest in a daily digest": "Al momento; el resto en un resumen diario",
    "A digest every hour": "Un resumen cada hora",
    "A digest every day": "Un resumen al día",
    "A digest every week": "Un resumen a la semana",
    "Digest at": "Resumen a las",
    "Day of a weekly digest": "Día del resumen semanal",
    "Quiet hours from": "Horas de silencio desde las",
    "until": "hasta las",
    "In quiet hours nothing is sent; it follows when they end. Leave both empty to have none.": (
        "En las horas de silencio no se envía nada; llega cuando terminan. Deje ambas vacías para no tenerlas."
    ),
    "Urgent news may come in quiet hours, too": "Lo urgente puede llegar también en horas de silencio",
    "Tell me once a week when nothing happened": "Avisarme una vez por semana si no hubo nada",
    "All topics, also those added later": "Todos los temas, también los que se añadan",
    "These:": "Estos:",
    "Time zone": "Zona horaria",
    "Language of mails and pages": "Idioma de correos y páginas",
    "all": "todos",
    # confirm and sign up
    "Confirm your address": "Confirme su dirección",
    "News alerts shall come to {address}.": "Los avisos de noticias llegarán a {address}.",
    "Topics:": "Temas:",
    "Nothing happens until you press the button.": "No pasa nada hasta que pulse el botón.",
    "Yes, send them to me": "Sí, quiero recibirlos",
    "The address {address} is confirmed.": "La dirección {address} está confirmada.",
    "This link is no longer valid. Nothing was changed; ask for a new one if you still want alerts.": (
        "Este enlace ya no es válido. No se ha cambiado nada; pida otro si todavía quiere recibir avisos."
    ),
    "News alerts by mail": "Avisos de noticias por correo",
    "If alerts can go to this address, a mail is on its way there. Open its link and press the button; "
    "nothing is sent before.": (
        "Si es posible enviar avisos a esta dirección, ya va un correo en camino. Abra su enlace y pulse el botón; "
        "antes no se envía nada."
    ),
    "We write to you once to ask whether the address is yours. Alerts come only after you have said yes.": (
        "Le escribiremos una vez para preguntar si la dirección es suya. Los avisos llegan solo después de su sí."
    ),
    "Your mail address": "Su dirección de correo",
    "Ask me by mail": "Pregúntenme por correo",
    "We keep your address, what you chose and when you confirmed it, and delete them when you ask.": (
        "Guardamos su dirección, lo que eligió y cuándo lo confirmó, y los borramos cuando lo pida."
    ),
    # what was done
    "You will get nothing more about the topic “{topic}” by the subscription “{subscription}”.": (
        "Ya no recibirá nada sobre el tema «{topic}» con la suscripción «{subscription}»."
    ),
    "You will get nothing more by the subscription “{subscription}”.": (
        "Ya no recibirá nada con la suscripción «{subscription}»."
    ),
    "You will get nothing more from us.": "No recibirá nada más de nosotros.",
    "You will get it again from now on.": "Desde ahora lo recibirá de nuevo.",
    "You will hear no more of this story.": "No sabrá más de esta noticia.",
    "You will hear nothing of this topic until {when}.": "No recibirá nada de este tema hasta el {when}.",
    "Nothing will be sent to you until {when}.": "No se le enviará nada hasta el {when}.",
    "It is ended; alerts come as before.": "Ha terminado; los avisos llegan como antes.",
    "Saved.": "Guardado.",
    "A mail is on its way to the new address. Open its link there to make the change.": (
        "Un correo va en camino a la dirección nueva. Abra allí su enlace para hacer el cambio."
    ),
    "Thank you. Alerts come from now on.": "Gracias. Los avisos llegan desde ahora.",
    # mutes, in lists
    "The story “{title}”, until {when}": "La noticia «{title}», hasta el {when}",
    "The topic “{topic}”, until {when}": "El tema «{topic}», hasta el {when}",
    "Everything, until {when}": "Todo, hasta el {when}",
    "{cadence}; digest at {at}.": "{cadence}; resumen a las {at}.",
    "Quiet hours {begins}–{ends}.": "Horas de silencio {begins}–{ends}.",
    # refusals
    "This link leads nowhere": "Este enlace no lleva a ninguna parte",
    "It is cut short or changed: open it again from the mail, or copy all of it.": (
        "Está cortado o cambiado: ábralo de nuevo desde el correo o cópielo entero."
    ),
    "There is nothing here any more": "Aquí ya no hay nada",
    "What this link was about is gone: nothing is sent for it.": (
        "Aquello de lo que trataba este enlace ya no existe: no se envía nada por ello."
    ),
    "Too fast": "Demasiado rápido",
    "That was often in a short time. Wait a minute and try again; nothing was lost.": (
        "Han sido muchas veces en poco tiempo. Espere un minuto e inténtelo de nuevo; no se ha perdido nada."
    ),
    "Nothing was done": "No se hizo nada",
    "The page that sent this is not one of ours, or an old one. Open the link in the mail again.": (
        "La página que envió esto no es nuestra o es antigua. Abra de nuevo el enlace del correo."
    ),
    # faults of forms
    "Choose a day between tomorrow and a year from now.": "Elija un día entre mañana y dentro de un año.",
    "Choose one of the times offered.": "Elija uno de los plazos ofrecidos.",
    "Choose at least one topic, or all of them.": "Elija al menos un tema, o todos.",
    "There is no such time zone; choose one from the list.": "No existe esa zona horaria; elija una de la lista.",
    "Write times as 07:00; quiet hours need a beginning and another end.": (
        "Escriba las horas como 07:00; las horas de silencio necesitan un comienzo y un final distinto."
    ),
    "Choose one of the values offered.": "Elija uno de los valores ofrecidos.",
    "This is kept in a file of the people who run the service, and cannot be changed here.": (
        "Esto está en un archivo de quienes llevan el servicio y no se puede cambiar aquí."
    ),
    "This is no mail address: write it as name@example.org.": (
        "Esto no es una dirección de correo: escríbala como nombre@example.org."
    ),
    "Too many people are signing up right now. Please try again later.": (
        "Hay demasiadas solicitudes en este momento. Inténtelo más tarde."
    ),
}


def say_in(language: str) -> Say:
    """Return what turns the English of the pages into a language; what has no translation stays as it is."""
    return (lambda text: SPANISH.get(text, text)) if language == "es" else (lambda text: text)
