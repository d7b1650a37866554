"""News pages of our own writing, each with all that stands around an article on the web."""

AROUND = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title} - The Gazette</title>
<style>.x {{ color: red }}</style><script>var tracking = "fentanyl smuggling ring";</script></head><body>
<div id="cookie-banner" class="cookie-consent"><p>{cookies}</p><button>OK</button></div>
<header><nav><ul><li><a href="/">Home</a></li><li><a href="/deportes">Deportes</a></li>
<li><a href="/opinion">Opinion</a></li></ul></nav></header>
<main><article><h1>{title}</h1><p class="byline">By Staff Writer</p>{paragraphs}</article></main>
<aside class="related"><h2>{more}</h2><ul>{related}</ul></aside>
<section class="comments" id="comments"><h3>Comments</h3><p class="comment">I saw a zeppelin there.</p></section>
<footer><p>Copyright The Gazette. All rights reserved.</p></footer></body></html>"""

ENGLISH = (
    (
        "Inspectors at the Bridge of the Americas stopped a refrigerated truck on Monday evening after a scanner "
        "showed an irregular load behind the produce that the driver had declared at the gate."
    ),
    (
        "Under the floor of the trailer officers found forty sealed packages. A field test showed that they held "
        "fentanyl, and the laboratory in El Paso confirmed the result before midnight, the agency said."
    ),
    (
        "The driver, a man of thirty-four from Chihuahua, was handed over to investigators and is to appear before "
        "a judge later this week. The bridge stayed open, but lines of trucks reached back for two miles."
    ),
)
SPANISH = (
    (
        "Los vecinos de la colonia Anapra despertaron el martes con el ruido de las máquinas que levantan la tierra "
        "junto a la línea, donde una cuadrilla trabaja desde hace una semana."
    ),
    (
        "Según el ayuntamiento, la obra forma parte del nuevo muro fronterizo y se extenderá por ocho kilómetros más "
        "hacia el poniente, hasta la sierra, antes de que termine el año."
    ),
    (
        "Los comerciantes temen que el cierre de las calles aleje a sus clientes. Pidieron una reunión con las "
        "autoridades, que prometieron contestar en los próximos días y pagar los daños de las casas."
    ),
)


def page(
    paragraphs: tuple[str, ...] = ENGLISH, *, title: str = "Truck stopped at the bridge", language: str = "en"
) -> str:
    """Return a page around an article."""
    spanish = language == "es"
    related = ("Un dirigible sobre la sierra", "Fútbol: el clásico") if spanish else ("A zeppelin", "Sports")
    return AROUND.format(
        language=language,
        title=title,
        cookies="Usamos galletas y las de 900 socios." if spanish else "We and our 900 partners use cookies.",
        paragraphs="".join(f"<p>{text}</p>" for text in paragraphs),
        more="Más noticias" if spanish else "More news",
        related="".join(f'<li><a href="/{number}">{text}</a></li>' for number, text in enumerate(related)),
    )
