"""Words of the same meaning in English and Spanish press, one sense each, for finding related stories.

A line is one meaning; words are compared by their stems. Only words that do not already begin alike are needed:
"fentanyl" and "fentanilo" find each other by their first letters. This is no dictionary for matching: a topic's query
names its words itself.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from monitor.match.story.stem import stem

_MEANINGS = """
tariff levy duty = arancel cuota gravamen
trade = comercio
border = frontera fronterizo
customs = aduana aduanero
crossing = cruce garita
bridge = puente
wall fence = muro valla barda
tunnel = tunel narcotunel
river = rio
water = agua
sewage wastewater = residual drenaje alcantarillado
dam reservoir = presa embalse
farmer grower = agricultor productor campesino
rancher = ganadero
cattle livestock = ganado reses
screwworm = barrenador
tomato = tomate jitomate
steel = acero
truck lorry = camion trailer tractocamion
trailer = remolque
bus = autobus
car vehicle = auto vehiculo carro coche
highway road freeway = carretera autopista
blockade roadblock = bloqueo narcobloqueo reten
warehouse = bodega almacen
house home = casa vivienda
shelter = albergue refugio
child children = nino menor
woman = mujer
nurse = enfermera
journalist reporter = periodista
student = estudiante alumno
school = escuela
teacher = maestro
soldier troop = soldado elemento
army = ejercito
navy marine = marina
gunman = sicario pistolero armado
gun weapon firearm = arma
shooting shootout gunfire = tiroteo balacera
kill murder slay homicide = asesinato matar homicidio ejecutar
dead death die = muerto muerte morir
body corpse = cuerpo cadaver
grave = fosa
wounded injured = herido lesionado
kidnap abduct = secuestro secuestrar levanton plagio
missing disappear = desaparecido desaparecer
arrest detain = detener detencion capturar aprehender
leader boss kingpin = lider capo cabecilla
gang = pandilla banda
seize seizure = decomiso decomisar incautar aseguramiento
drug narcotic = droga narcotico
pill = pastilla
smuggler trafficker = traficante contrabandista
smuggling = trafico contrabando
laundering = lavado
lawsuit sue = demanda demandar
court = corte tribunal juzgado
judge = juez
ruling rule = fallo resolver
trial = juicio proceso
prison jail = carcel penal
prisoner inmate = reo preso
sentence = condena sentencia
prosecutor = fiscal fiscalia
police = policia
sheriff = alguacil
mayor = alcalde edil
governor = gobernador
agreement deal pact = acuerdo convenio
treaty = tratado
talk meeting meet = reunion dialogo reunir
sign = firma firmar
permit = permiso
revoke cancel = revocar cancelar
appointment = cita
asylum = asilo
deportation removal = deportacion
worker laborer = trabajador obrero
factory plant = fabrica maquiladora planta
job employment = empleo
remittance = remesa
dollar = dolar
bank = banco
price = precio
tax = impuesto
fire blaze = incendio
burn torch = quemar
flood = inundacion
storm = tormenta
heat = calor
drought = sequia
earthquake quake = sismo terremoto temblor
plane airplane = avion
airport = aeropuerto
train rail railway = tren ferrocarril
flight = vuelo
health = salud
measles = sarampion
outbreak = brote
vaccine = vacuna
election vote = eleccion voto
threat threaten = amenaza amenazar
strike = huelga paro
protest march = protesta marcha
sanction = sancion
state = estado
county = condado
city = ciudad
week = semana
month = mes
year = ano
day = dia
night = noche
two = dos
three = tres
four = cuatro
five = cinco
six = seis
seven = siete
eight = ocho
nine = nueve
ten = diez
twelve = doce
dozen = docena
hundred = cien ciento
thousand = mil
half = mitad medio
monday = lunes
tuesday = martes
wednesday = miercoles
thursday = jueves
friday = viernes
saturday = sabado
sunday = domingo
"""


def _concepts() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _MEANINGS.strip().splitlines():
        words = line.replace("=", " ").split()
        for word in words:
            found.setdefault(stem(word), f"={words[0]}")
    return MappingProxyType(found)


CONCEPTS: Final = _concepts()  # stem -> the meaning's name
