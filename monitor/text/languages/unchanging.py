"""Words that no language's rule may take for a plural: they only look like one, mean something else, or are names."""

# fmt: off
UNCHANGING = frozenset({
    "across", "adams", "ademas", "always", "andes", "andres", "angeles", "antes", "apenas", "arkansas",
    "arms", "athens", "atras", "besides", "brussels", "caracas", "chaos", "charles", "chasis", "crisis",
    "customs", "dallas", "daniels", "despues", "diabetes", "dios", "does", "dosis", "edwards",
    "entonces", "estres", "frances", "goes", "goods", "hayes", "headquarters", "honduras", "ines",
    "ingles", "interes", "jacobs", "jamas", "james", "japones", "jones", "jueves", "kansas", "leeds",
    "lejos", "lens", "less", "lunes", "manes", "mars", "martes", "means", "menos", "mercedes",
    "mientras", "miercoles", "moises", "morales", "moses", "naples", "news", "nicolas", "perhaps",
    "peters", "quizas", "richards", "rights", "roberts", "rogers", "series", "sintesis", "species",
    "stevens", "tesis", "texas", "towards", "trans", "tras", "traves", "unless", "vegas", "viernes",
    "wales", "williams", "yes",
})
# fmt: on
