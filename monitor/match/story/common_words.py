"""How common the commonest stems and features are in general news of English and Spanish. Made, not written.

Made by benchmarks/common_words.py. `NAME[k]` are those that about one item in 2**k has.
"""

from typing import Final

# fmt: off
ENGLISH: Final = {
    1: """
a in of the to
    """,
    2: """
and for on
    """,
    3: """
after an are as at by from has is new that trump us with
    """,
    4: """
americ be bord but first hav he her his ice immigr it its migrant mor over president sai said stat tarif tex
their thi up was who wil year
    """,
    5: """
1 about administr against agent all back been cal can canad car cas chin cit coronavirus could countr court
covid day death donald during federal follow forc form get govern had hom hous how i immigrant int kil last
lead liv man may mexic minneapol national no not now off offic official old one or out part peopl plan polic
protest report say shoot show som t tak than thei tim trad two uk unit war we week wer what when win woman
work world
    """,
    6: """
000 10 19 2 2020 3 5 accord accus acros action als am amid announc around arrest attack austral authorit ban
befor being betw biden big build bus californ chang charg childr claim clos com comp contin count cris cros
custom cut dai dead deal democrat depart deport down driv drug earl economic election end enforc england europ
ever fac famil fatal fear fight final find fir foreign found four frid fund gam global good group health help
high him hit if illegal includ ind intern iran israel iss judg just latest launch law leav left lif lik long
look los mad major mak market med meet memb milit million minist minnesot mond month most mov nation near need
next nicol north numb open oper order other our pandemic plac post power pric public record refug releas ren
republic return reveal right rul run rus s school second secret securit see seek servic set shar she shot
should sign sinc so social south star start stil stop street strik support talk target test them ther thousand
thr threat through thursd tod top tuesd turn ukrain under venezuel vid wal want warn watch wednesd wher which
whil whit why women would york you your
    """,
    7: """
00 100 11 12 13 15 16 18 20 2025 2026 25 30 37 39 4 50 6 7 8 act addres afric again age agenc ago agr ahead ai
aid air alleg allow among angel anoth ant any app appear april area arm assault asylum attempt awai bank bar
based battl bbc beat becaus becom begin behind believ best bet biggest bil billion black block boat bod bos
both break bring britain british campaign captur cartel caus cbs cent challeng champion channel chief child
chines citic clash clear climat comment commit communit concern cond confirm congres control cost crackdown
crash creat crim criminal cup d dat deadl debat decad decision defend defens demand democratic den despit
detain detention develop did die died discus do doe don dozen drop due east econom effect effort el emergenc
employ eu even ex execut expect expert fact fail fal far film firm fiv flight flor food footbal franc fre
french ful futur gac general georg germ giv go going gold gov governor great grow hand har hard head held
histor hold homeland hop hospital host hour human hundr import incident increas industr injur insid interview
investig involv iraq island ital j jail jan job joe john join jul jun justic keep key know kor la land larg
largest lawmak leag least led legal let level lin link list local lockdown london low madur making manag mar
mark mas mat mayor me men messag migr mil mis moment mon morn moth much murd must my nam nearl night obam
offer oil onl onlin outbreak own pas past pay per pictur plai play pm point pol politic political prem pres
pressur prim prison problem program protect provid push put question rac raid rais rat re reach read real
recent remain resc research resident respond respons restriction result ris risk road rol ros sal sam saturd
saying sea search season seen senat send sent ser seven several sheet sid singapor sit six smal snow sold son
spark speak spend sport spread staf stai stand step stor storm stud student sund suppl suprem surg suspect
system taken taking tax team tel tension term text then thes thing third thos titl told took town travel treat
troop trying tv universit until updat use used using val vehicl vic victim victor violenc virus visit vot
washington water way wel west wif without won writ yesterd young
    """,
    8: """
0 14 17 200 2021 2022 2024 21 22 23 24 27 28 29 40 500 60 9 abortion abus accept acces account activist actor
add admit advanc advis advisor affect afgh aged agend aim airport al alien allegedl almost along alread anger
ap apart appeal appl approach approv arctic arg armed arriv art ask asked attend attorn august avoid award bab
bad bas beach benefit bid blam blast blow blue board bomb book boost bor brand brazil brief brok brought
budget buy cam camp cancel candidat capital carav card cash caught celebrat centr central ceo chain
championship chanc charl check choic christm civil clas clinton closur club cnn co coach coast cold collaps
colleg colomb coming command commission complet condemn conferenc conflict confront conservat consider
constitution consum contract controversial convict cooper cop council coupl cover cream critic critical
criticism crowd dail damag dangerous dark daught david de decemb decid declar declin deep defeat del deliv
deput describ design detail dhs didn different direct director diseas disput distanc district doc doctor doesn
dog dol domestic door doubl dr draw dream dut each earn eas edg educ eight emerg energ english enough ensur
enter era escap essential et event everyth evidenc exclus expand experienc explain export expos expres extend
eye f faced facilit facing factor fan farm fath fbi fed feel fel few figur fil financial fired fle flood floyd
focus footag fox fraud fresh friend front fuel furth gain gang gas gener giant girl given goal goe gop got
grand grant green greenland ground growth guard guilt gun gunm half halt ham hap happen having haw hear heart
heat herald hil historic hock holid hotel hug hunt hurt husband identif imag impact impos improv inc infection
inform intelligenc interest internet invest investigat isn jacob jam japan johnson joint journalist jump kick
kid king known krist labor labour lat later latin lawsuit lawy leadership learn les lift light likel limit
littl living ll loom lord lost lot lov lower m maker manchest manufactur map march mask match mean measur
medical met michael middl might mik minut missil mission model mr multipl murder music musk muslim narc
network never nhs nin noem northern novemb nucl ocean olympic onc ong ontar operat opportunit oppos organ
outrag outsid owner paid pakist palestin par parent park partn passeng patient patrol paul paus peac percent
performanc person phon phot photograph pick plant pledg plus pop popul portland possibl potential povert prep
present presidential prevent princ privat pro prob proces proclam produc product progres project promis promot
propert propos prosecutor protection publish pul putin quart quit quot r rad ral rang rap rar react reaction
reason receiv reciprocal recov red reduc reform refus region reject relat relationship remark remov reop
reopen rep reportedl resign restaurant resum retal retir reut review rising rival robert rock room round row
royal ruling rush saf safet salv san sanction sav saw scal scen scientist scor scotland section sector secur
seic sel self sen senator senior sentenc septemb serv settl sex sexual shift ship shock shop short shut sing
singl slam slow smuggl soon sourc southern spac spain special speech spent spok spot st stag station status
steel stev stock strength strong struggl stun such sue suffer suggest sum super surpris surv suspend syr taiw
teach tear tech technolog teen teenag ten terror terrorism terrorist thank think thought threaten tie togeth
tol tom ton too tor total tough tour toward track traffick train transf trial tried trip truck trud try twit
un undocument union unveil urg usc user v vaccin vanc ve ver vest view violent vis voter vow wag wait wak walc
walk wav wear weath weekend weigh welcom went western wheth whos wildf wind wint within wor word worst worth
wrong yet
    """,
    9: """
1601 1701 2004 2016 2019 2023 250 26 300 301 31 33 34 35 36 400 45 52 600 70 80 90 abandon abbot abilit abl
accident acting activit actres actual adam added additional adopt adult advic advocat aff afghanist afp
afternoon aimed airlin alarm albert alert alex aliv alon alternat aluminum alw amazon ambas amend amount
analys analyst ancient andr andrew angr animal ann annivers annual answ antarctic anton anyon anyth appearanc
applic appoint approval arab aren argentin arizon arrival arsenal articl artist ash asia asian asking asses
asset assoc atlantic attention aug austin aut author authoric availabl await band bat bay bc bear becam began
begun beij bel belarus belong ben beyond bilateral bird birth birthd bit blood bloomberg bond boom born boston
bound bowl box boy brac breach brexit brian bridg briton broad broadcast broth brown brutal built bul bur burn
bush buying cabinet calm camer campus canc cannot cap capacit capitol captain carac carl carolin carry cast
catch ceasef cel celebr celebrit centur certain ces chair chairm chao chap charit chart cheap chels chicag
chil chip chr christ church circuit citing citizenship classic clean climb clip closel cna coal cocain cod
color combat combin comeback comed commerc commercial common compet complaint comput conduct congressional
connection consequenc consid conspirac construction contact contain content contest controvers convention cook
cool corp correspondent corruption cours coverag crack crew cricket criticic criticis crown cruc cub cuban
cultur curb current currentl custod cvikasdrv dal dan danc dang daniel dav deadlin debt debut decl defenc
delay deliver dem democrac demonstr demonstrator depl deploy desperat destroy determin devastat devic dictator
difficult digital disast discover dismis displ disrupt disruption divid document doing doj dominat dorm
dormitor doubt dover draft drag dram dramatic drink dron drov drown dump dutch dying e earth earthquak eastern
eat ed egypt elderl elect electric eliminat elizabeth elon email encourag ended ending endur engag engin entir
entr epidemic episod eric erupt escalat establish estat estimat eur eve everyon examin exchang exit expansion
exploit explor explosion extr extraordin extrem facebook failur fair faith fak famous fast fat favourit featur
febr feet felt femal fentanyl festival fewer field fifth filed fin financ finish fit fix flag flat fled float
flow flu fly flying foot forecast forest forward fourth francisc freec freedom frei froc gather gav gen giving
gon googl grad greec greg guatemal guid guzm hack hait hal handl haras harm hat healthc heard heav hereb hid
highest highlight hik himself hollywood hong honor hostag hot household houston hung hurric idea ieep ignor
impeach important incom independent indict indigenous individual infect infl influenc influx initial initiat
inq insist inspir instagram instead intens intensif intercept introduc invasion investor invit ireland irish
isi islamic isolat itself japanes jd jean jers jet jim jon jonath joseph journ journal jr justif justin kamal
kat kel ken kent kept kidnap kim kind knock kong label lack lad lak languag las leak lebanon leg legend legisl
lesson lev lew liberal lie liverpool lock lopec lor losing loved machin macron mag mail main maintain majorit
mal mamd manuel marc marin material max meant medal megh melbourn melt mem mental merkel mes michig microsoft
mid min mind minimum ministr mobil mod modern mom moscow mount mountain mourn moved moving mp mps ms museum
myst n naft named nas nat nationwid natural nav neighbour net netherland newl newsom nfl niger nomin non
normal noth notic novel nsw nurs nyc o obamac obrador octob offens often ohio ont opinion opioid option orang
oregon organic organis ottaw oust overdos overhaul overnight overturn pacific pack packag pact pag pain paint
pair panel paper parl partnership path paying payment pen penalt pentagon perfect perform period personal pet
peter phas phil physical piec pier pilot pitch platform plead plot plung podcast poland poor port posit
position postpon powerful practic prais pre predict prepar presenc previous previousl princes priorit
production professor profil profit prompt proposal prov provinc punish qualif qualit quarantin quebec queen
queensland quickl racial racism racist rag rain ram ramp rank readout realit rebel rec recal recentl recover
reflect regard regim regional regul relation relief remot removal repeatedl replac represent representat
request requir reserv resist resort resourc respect responsibl rest restart restor restrict retail retaliat
reven revers rhetoric ric rich richard ring rio riot rip river rob robot rocket roman root rout rub ruled ryan
sacr sanct sand satellit saud saved scandal scar schedul schem scienc scot scottish scrambl scrap scrutin seal
seat seem sem separat seq serious session sever shadow shak shap sharp sharpl sheinbaum shelt sherif shortag
shutdown sic signal significant silenc simpl sinal sist skat ski sky slash slav smith smok snap soar soc softw
soleim somal someth song sor sound spanish speed spik split spur squar stab stadium standard stay steal steph
stol ston straight strang strateg stream strip struck stuck styl subject succes successful sudan sued suf
suicid suit summit sun sur surfac surround survivor swap swed sweep sweet swis switch sydn tabl tackl taip tal
talib tank tap task taxpay ted tehr temperatur tempor territor tesl themselv thom though thril throughout
throw tight tiktok tin tip tool toront tottenham touch tourist trac traffic trag trail transform transport
trap treasur trend tribun tribut trick trie trigger troubl true trust truth turk tweet twin uncertaint
understand universaleinf unprecedent upcom urged usa utd van version vessel veter via villag violat viral
virgin virtual voic voting vs vulnerabl wai warm weak weapon welf whol wid widespread wild william window wing
wisconsin wish witnes wood wors wound x xi youth zealand zon
    """,
    10: """
01 02 03 04 06 120 150 1974 1st 2005 2014 2015 2017 2018 232 2483 32 38 41 42 43 44 46 47 48 49 51 54 55 56 58
59 604 65 700 72 73 75 79 800 abc abduct abov abroad absolut absolutel academ accelerat accidental
accountabilit achiev acknowledg acr activ ad adapt adding adjust admin administrator ads advantag advertis
affiliat affordabl afl aftermath ag aggres agricultur airbus aircraft airstrik alabam alan alask album alcohol
alep alexandr align allianc alongsid although amber ambition anchor angl anthon apologic apologis arch arrang
artificial asid assassin assembl assist assistanc assistant associat athlet atlant attract auction aud audienc
austr averag avert aviation awar b background backlash bag bail baker bal balanc ballot bangladesh bankruptc
barack barb barcelon barrel basebal basic basketbal bathroom bayern beaut beautiful bed beef belgium belov
below bern bik bin bipartis birmingham bizar blac blackout blair blind blockad bob boeing bold bon bottom
bought bounc boycot brain brav breakthrough breitbart bright brink brisb brit brussel bukel bullet bust c cabl
calg calif cambod cannab capabl carbon carib carol casin cat cattl caution cdc ceas celtic ceremon chamb
chancellor chaotic chapit chapt charact chas chat cheer chef chemical chick childhood choos chos christoph cia
cil cincinnat circl classroom claud clinic cloth cloud clue coastal cof col collect collection collid columb
column communic communist compar complain completel complex complicat comprehens con concert conclud confidenc
confusion cong congressm congresswom connect constitutional consult continent contradict contribut conv
convers convert conviction cooperat coordinat cor corn coron corporat couldn counterpart coup cow craft cran
credit crucial crud cruis crusad crush crypt crystal cultural currenc cyber cycl dac dad dair dam dc deadliest
dec decis decr dedicat deepl def defiant deficit defin degr delc deleg denmark denounc desert deserv designat
destin destr detect diagnos dian diet differenc dig dingh dip diplomat diplomatic direction directl disagr
disappearanc disappoint discov discrimin discussion dismantl disn disord displac disturb ditch division dna
dodg dominic donat donor downtown dres drew dril drought dry dub duk duo durham eagl eased easil easing eating
ech economist ecuador edinburgh editor edward effectivel egg eith electricit electronic element elevat eligibl
elit els embas embrac emil emission emm emotional emphasic empir empt enabl encount endanger endors enem
enhanc enj enrol enterpris entertain entirel entrepreneur env environ environmental epic epstein equal equip
equit error escal especial essex ev evac everton exactl exampl exces exempt exemption exercis exist expel
expens expir explod explos extens extension extradit extremel fa fallout fals fam farag fashion fastest
fatalit fault favorit favour feder fee fellow fenc fer fierc fif filing fined finland firearm firefight
firework firing fiscal fish fixed flash flaw flip flock floor flown ford forev forg forget forgot formal
formul fort forth fost fought fragil fram framework franchis frank freed friendl frontlin fruit frustr
frustrat fun fundrais funeral fur furious gal gambl gaming gap gar garc gard garret gat gath gavin gay gear
gend generat ghost gift girlfriend glas glob gm god golf goret gp grab graduat graham grav greatest greek grew
grid grief grip groc guantanam guarant guest guidanc guidelin guin gulf habit hail hair hamilton hancock hang
harsh hasn haul haven hawk headlin heartbreak heatwav hel helicopt hemisph heritag herself hezbollah hiding
highl highw hilton himalay hint hir historical hol homan homeles hondur honour hook hopeful hoping horrific
horror hors howard howev hub humanitar ian iconic icy icym id idah identit ii iii ilhan ill illicit illin
illnes imagin immediat immediatel immigrat immunit impl importanc impossibl impres imprison inaugur
increasingl incredibl independenc indicat indones industrial inequalit infrastructur inmat innocent innov
insight insp inspector instal institut institution instr insult insuranc intel intend interferenc interim
internal interpret intervention invad investigator iphon iron isol item ivan jab jac jack jackson jak jalisc
jason jef jeffr jen jer jessic jewish jinp jobles jong jord jos josh joy jud judicial jungl jur k kans karin
keir keny ker kevin khan kingdom kingpin kit kitch knif knowledg kyiv lab lag lan landlord landmark lank lapd
lar largel lash launder laur lawrenc le leas lee leed legac legalit legislat lend libert liby licens lightn
liken lil limb linds lion lived liz loan locat location log lon longtim loos louis lover lowest luc luck lur
luxur lying mac macklin madrid magazin magnitud malays mandat manhat marathon maritim markl marriag martin
massachuset massacr mast mcdonald meal meat medic medicaid medicin meg melan memor memorandum memorial merc
merg metal metr metropolit miam midfield midterm mileston militant milk miner mineral mining minor minorit
mistak mistakenl mixed mobilic mock monitor mont montreal moon moor moral morg moroc morrison mortgag mosq
mostl motor mul mult mum munich musical mysterious nac naked nanc narrat narrow nationalit nativ natur naval
nba nbc neces negat negot negotiat neighbor neighborhood neil nelson netanyah netflix nevad newcastl newslet
newspap newsweek nick nightm nor notorious nottingham nov ny object observ obtain occup occur odd oklahom
older oldest oliv omar op operator opponent oracl original oscar outcom outdoor outlet outlook oval overs
oversight overwhelm owned oxford p pac pai pal palac panic parad participat particularl passport patel pathw
patrick pattern pc peaceful peak pelos penc pennsylv pension pep perhap permanent permission permit persist
personnel perspect petition philadelph philippin phoenix pic pil plag planet playof plea pleas plummet poison
polar polish pomp pool popularit por portal pos posing possibilit pot pound pour ppe prediction pregnanc
pregnant prelimin premiership preserv presidenc prevention prid principl prioritic prit privac prix probabl
procedur professional prominent proof prosecution prospect prosperit protocol pub publicl pup purchas purpos
purs pursuit qaed qassem qatar quak qualify queue quic quick quiet radical rafah rail ran ranch raped rapid
rapidl rapist rath rating rcmp reaffirm rebound rebuild recession recip reckles recognic recommend recruit
refer regain registr regret regulator reignit rel relax religious remarkabl rememb remember remind renew rent
rental repeat req residenc residential resilienc resistanc resolution resolv responsibilit restructur
retaliator retreat reunit revel reveng reviv revok revolution reward rid rink rivalr rodriguec roger rollout
rom ron ronald roof roughl routin rugb ruin rural rwand sack safeguard sag sail salvador sant sarah sask
saving scam scientific scr scream screen sean seattl sec seed seeing seizur select selection semiconductor
sens seoul seriousl setback seventh sgang sham shatter shed sheffield shield shin shirt shor shortl shouldn
showdown shown shrink sick sidelin sieg sight signatur significantl silicon silv sim simil simon sink sir
sixth skil skin skip slap slat sleep slid slip smart smash societ soft soil sol solar solution solv someon
sometim sought southeast sovereignt spacex span spar spat spec specialist spic spirit spokesm spokesperson
spotlight spous spring sprint spy squad sri stabl stak stal stamp stanc standof starm startup statistic stem
stick stir stok storag strain strait strand strategic strengthen stres stretch strict string submit subscrib
subsid suburb sud suing sulliv supermarket surpas surveillanc surviv susp suspension sussex sustain suv
swedish swift swim swing switzerland symptom synagog synthetic t20 tac tactic takeaw takeout takeov talent
taylor television temporaril tenant tennes tens terrify thai thailand theft thehil theor thrash thriv thrown
thug thwart ticket tied tiger toky tomorrow tonight torn tortur touchdown toughest tourism tourn tout tower
toxic tps traditional tragic tran trans transgend transmit transparenc trav tre trig trillion triumph troph
truc tumbl turkish turmoil twic twist tycoon typ u uber unabl unaccompan uncertain uncl undermin underscor
underw unemploy unexpect unf unfold uniq universal unknown unlawful unles unlikel unlock unrest unusual upend
upgrad upon upset urban urgent urging usaid usual vancouv vanish vast veg ven ventur verdict verstap vet
vietnam vil viol vision visitor vital volunt voted vowed wa walt warrior wash wasn wast watchdog wealth web
websit wed weekl weight wheel whom widel wider wildlif wireles withdraw wok workforc worldwid wouldn wrestl
wrongl wrot yank yard yellow yemen yes yorksh youngest yourself youtub zamb zelensk zelensky zer zohr zoom
    """,
    11: """
05 08 125 130 180 1962 1990s 1m 2001 2006 2007 2010 2012 2013 2027 2nd 30pm 53 57 5m 71 74 76 77 81 84 86 900
91 92 97 99 abolish accessibl acquit acted admission affirm afraid aggression agitator airw alban alejandr
alexand ali alligator alp alt ambulanc amsterdam amy anonymous antibod anxiet apolog apparent apparentl
applaud apply apprehend assassinat assertion assum astonish astronaut attitud authoritar automak automatic
backyard badl baghdad ballistic balloon bang bannon barel barn bash bath batter bedroom beer behavior
behaviour behead beirut bench beneath bengal bessent blanket blitc blog boast boi boil bolson bolst bolster
bombshel bonus boyfriend brad branch brawl breakfast breath brib briefl brilliant broadband bronc brook
brooklyn brows bruc brush brutalit bubbl buffal bug bui bully bump burd burg burst ca caf cambridg cameroon
carson categor caucus cbp cellphon ceut chant charlot chen chuck circulat clock collabor collision comfortabl
competit compromis compulsor conclusion confident construct contend contractor countdown courthous crist cruel
cry cum cur dating defy denv derb detroit dialog diamond disap disappear dish djokovic donation dos doug
downfal download duck electoral elsewh emmanuel enjoy evacuat evan everywh evil evs exam execution extrad
falsel feed fem fest feud fever fift filipin flam fleet fossil foul fulfil g gdp gig gil glac glasgow glov
gordon gradual graphic greet gril h han hannah harbour hardest heavil heighten hilarious hiring holocaust
homicid hungr hurdl icon imminent implement implic inappropriat incent inch influential intent intention inter
interv ipo jerusalem jes jok jurisdiction keen kherson kne knew laden laid landfal lay lean legislatur lethal
lgbtq liber liquid lit longest longhorn longstand loot loser loui lt mach mandator manhunt manitob maryland
mench method michel milan missour modify moham mol monst motorist nab narendr nearb nhl nic nichol nigel
nightclub ninth nobod nois numerous nz obstruct offset oh ore origin outag outlin parenthood parol partial
passag pedophil peer perilous petrol pga philip physic pit plastic plat plent poilievr pois populist posed
powel prescription pret preview principal prior prop prosecut proud puert quraish rachel racing rafael randal
ravag realis reassur recipient reduction refin refund register reid reign relianc repriev resettl reshap
retain richest ridiculous romanc rough russel sad safer saint sank scan scoop shel shelv shootout showcas
silent slowl slump smartphon smil snowfal solid southampton specul spin spiral spr stark statewid steep
stimulus structur study sub sudanes sugar sunak survival sworn symbol tast tend testif theatr threw tighten
titan topic tornad tos transfer trash trib tribal trus underg unearth upr usmc utah vaccinat vatic verg vigil
vladim w walmart ward welsh whistleblow wicket widen windsor winnipeg withdrawal withhold woe wolf workplac
wrongful wuhan z
    """,
}

SPANISH: Final = {
    0: """
de
    """,
    1: """
a el en la que y
    """,
    2: """
con del las los par por se un
    """,
    3: """
al es est mas no su una
    """,
    4: """
aml ano argentin colomb com contr entr fue gobiern lo mexic nuev president ser sobr sus tra
    """,
    5: """
1 19 ant anunc cas ciudad covid desd dia dos empres estad ha hay hoy inform le lleg lopec med mes millon muert
nacional otr pai part per prim public quien sin son tien tod ultim unid vacun vid ya
    """,
    6: """
000 10 2 2024 3 4 5 acuerd acus ahor alt americ andr asegur asi aument ayer baj banc boliv brasil buen busc
camb camp candidat car carl cinc clav confirm conoc cop coronavirus cort crec cris critic cruc cual cuand
cuent cumpl denunc desp dij dio dolar dond durant e econom economic eeu eleccion encuentr equip estan famil
fernandec final financ fiscal frent front fueron gener general gran gustav habl hac han hast hic hij histor
hor inic internacional investig juan jueg junt justic lanc ley lider logr lueg lui lun manuel mar marc mayor
me mejor men merc migrant mil ministr much mujer mund mundial o obrador organic pais panam pas pasad paz pen
perd person pes petr pid plan podr polemic polic politic prec present proxim proyect pued punt qued quier
realic recib red reform registr revel rus salud san sant secret sector segun segund seman si sig social sol
terc trabaj tre uno vez viaj viv volv
    """,
    7: """
0 100 11 12 13 14 15 17 18 20 2021 2022 2023 2025 24 25 30 50 6 7 8 9 abril accion act afect afirm agost air
albert alcald alcanc alert algun amenac apoy aprob asesin ataq aun autoridad avanc ayud bar benefic biden bien
bloq boc bogot cad caid cal camar campeon capital carg cart cartel caus celebr centr cer cerc chil chin cier
clas claud club cochabamb comision comp compr comunic cond conflict congres consej cont contag contin contrat
control cost crim cristin cuant cuart cuatr dan dar dat deb debat deber decision declar defens dej demand
depart derech desaf desaparec desarrol destac detal deten detr dic diciembr dieg diner diput director doming
dur electoral ell embaj empl encontr enfrent enriq entreg entrevist env era esa escandal ese espan espanol
esper estadounidens estar estud europ event evo ex exig explic fal falt fech fin firm fmi form fot franc fuerc
fuert funcion futbol futur gan garc gobern gol golp grand grup guer hab haber habr hacer hech historic hombr
human impact important impuest impuls infl ingres intent intern inversion jorg jorn jos joven juev jugador
jugar juic jul jun latin les libr lig lin list llam llev luch lugar madrid mal man manan mandat marcel mart
maxim may medic medid menor mensaj metr mi mientr miercol milit minist mism moment moral moren mostr mur muy
nad narc negoc ni niet nin nivel noch nombr nos notic noviembr nuestr numb och oficial ofrec oper orden padr
pag pandem pap particip pel periodist permit plac plant plat plen poc poder porq port posibl prem preocup
presidenc presidencial presunt prev principal priv problem proces program propuest protest puert reaccion real
rechac reconoc record region regres relacion report republic respond result reun reunion ricard riesg rio
river rodriguec sabad sal salv seg seguridad sei seleccion senal septiembr servic sheinbaum sid sinal sistem
sit sub sufr super supuest tamb tecnic tem tempor ten tendr tener tension termin tiemp titul tom torn
transport trat trav triunf trump tuv tv ucran us uso va var venezuel vent ver victim victor viern vil violenc
visit vot vs vuelv zon
    """,
    8: """
00 16 200 2020 21 22 23 26 28 31 40 500 60 70 80 90 abandon abiert abog abr abus acab academ accident acerc
activ actividad actor actric actual acumul adelant adem administr adviert advirt agenc agua alc alejandr alem
alg alianc aliment all alvarec amb ambient amig amor ampl analic analis anay and angel anterior anton anual
aparec aplic aprovech apuest apunt arc arm armad arremet articul asambl asesinat asoc asum atac atencion
atletic aunq austral aut autoric avion bal band barcelon bas batal beb billon blanc bomb box bs busq cab cabec
caden calidad calific camin campeonat canal cancil capacidad captur carcel carib categor cay cdmx central
centroameric chic chumel cientific cifr cin cit cjng clasic clasific clausur cobr combat combustibl comenc
comerc comercial comienc compart complet complic comun comunidad conferenc conquist consid constitucional
construccion consult consum convirt convoc cor corazon cordob coron corrupcion cos cotic credit crist cuerp
cuestion cuid da daniel debid debut decid decl decret defend defin dejar deport deportiv derrot desat descart
descubr destin detencion deud dialog diar diec diesel diferent dificil digital directiv dirig disen disput
dobl doc dolor drog dud duel duen ebrard ecuador eduard educ efect ejempl ejercit electric eleg elimin
eliminator embarg empat encuest ener energ energetic enfermedad enter entidad entren error escal escen escuel
eso espac especial espos estab establec estam estr estrateg estrel estudiant estuv eval evit exist exit
experienc expert export expresident exterior extr extranj fallec fals famos febr feder federal felip felix fer
fern festej fiest figur fisic fond formul fox francisc fren fueg fuer futbolist gabinet ganad ganar garantic
gas gast gent gestion global grac grav guard guatemal guzm haciend hal har herid herm hondur hospital hotel
hub idea identific igual ilegal imag import inaugur incend incr indic industr ine iniciativ inmigrant insolit
instal institucion inter interior invit ir israel ital ivan jav jef juarec jubil judicial juec kirchn laboral
larg larret latinoameric leag legislativ leon lesion levant liber libert libertad limit lluv local luc luj luz
macr madr madur mand maner mant maradon march martin mat medal ment miam michoac miembr migr miguel minim
minut model mont motiv movimient muestr municip municipal music nacion nar narcotrafic necesit negr netflix
nicarag nicol ningun nort nov numer nunc objetiv oblig obr octubr ocup ocur ofert oficin ola olimpic opcion
operativ opinion oportunidad opos opositor orient oro pagar palabr palac pan parec parej pasaj pasar pedid
pedr pelicul penal pens peor perec period personal petrol piden pobl pon popul posibilidad posicion practic
pregunt prens prep pres presencial presion presupuest princip prision produccion product productor profesional
prohib promet pronostic prop proteg provinc provoc prueb psg puebl puest pus putin quer quint rank rapid razon
realidad recient reclam recuper recurs reduc refug regim rein renunc represent representant rescat reserv
respald respuest restriccion ret retir revolucion rey ric rob robert roj romp rumb rut sab saber salar salid
salir sancion sanit santiag sea secuestr sed segur senad senador sent separ seran serg sesion sexual siempr
siend siet sil silv sociedad solicit sorprend sorpres soy suarec sudameric suen sum suprem sur suspend tan
tant tard tarif tas te tecnolog tendenc teng tex the tier tok tor total trag transform tribunal tribut
trimestr tse tu turism twit ubic unic unidad union universidad urug usd usuar vac vacacion val valor van vecin
vehicul venc vend venezol verd verdad version vicent vien vincul viol viral vist viviend vivir vuel vuelt wand
yo york
    """,
    9: """
2011 2012 2013 2014 2015 2016 2019 2026 27 29 300 32 35 36 400 45 4t 57 600 800 abastec abort abrir academic
acced acces aceler acept aclar acompan acord activist adio administrativ admit adolescent adult advertenc
aerolin aeropuert afric agend agent agradec agresion agrup aguil ajust alarm alej alex alfr alist alquil
alternativ alumn alvar amazon ambiental ana analist angelic anim anivers anoch anot ans anticip antig apel
apertur aport appl aprehend aprend aprueb arbitr arbol arcist area aren arg aria arranc arrat arrest arrib art
artificial artist asalt asesor asist asistenc atend atent atlet atr atrap atropel aud audienc autonom autor
aval azul bail bajar balac balanc ban barb barc basur bec beisbol bellec ben bienest bitcoin bloom bolet bols
bolson bon bonaerens bor bord britanic bronc bukel bullrich burl cabal cadav caer caf caj calcul calderon
californ camil camion camiset canad canc cancel canch cancion candidatur canel cantant cantidad cao capit capt
carm carn carret castig castil castr cauc cayeron celebrit celul cesar ceval champion chap charl chiap choc
choq christ cienc cient circul civil clandestin clar clim climatic coal cocain colabor colectiv coleg coloc
colon color column coment comit compan compar compet competenc complej compromet compromis concentr concret
conden conductor conect confianc congel congresist conjunt conmemor conmocion conozc consecuenc consecutiv
conseg conserv consider consig constitucion constr consumidor contact conten contundent convers convert
convertirs convocator cooper coordin cordov cre creacion crear creo criminal cuadr cualq cuarent cub cuban
cubr cuest culpabl cultur cultural cumbr cup curs cuy dad dam david davil debaj deben decad decir decomis
dedic defensor deficit defiend dejaron delant deleg delit democrac democratic demor demostr denis dentr
departamental derrumb des desastr desbord desconoc desemp design desped despid desplac detect determin detuv
di diagnostic dicen dich dict dictadur dieron diferenc difund diplomatic direccion direct dirigent disculp
discurs discusion discut disfrut disp distanc distint distrit divers divis division djokovic don donald dres
dt duerm economist ecopetrol edad edicion edific educativ ee efectiv ejecut ejecutiv ejercic elect electronic
elev elig embarac emergenc emit emocion emotiv empec empiec emprend empresarial encabec encarg entend eran
escap escol escrib escrit escritor escuch esfuerc espacial espectacul esperanc estacion estadistic estaf estal
estatal estim etap eur evist exclusiv exhib exitos exjef expectativ explot expres extend extrad extradit
extraordin extrem fab fabric facebook factor farc fas favor favorit fc fe felic femenin fenom fif fij fil film
filtr finalic flor for fortalec fotograf fracas fras fuent fund fur furor gabriel gal gallard ganador gananc
gar gasolin gerard gerent gest gigant gimnas gir golf gomec gonzalec googl grab grad grat grem grit guanajuat
guia guillerm gust gutierrec habilit hacen hait hem her hernandec herramient hicieron hidrocarbur hinch hipic
hogar hollywood homenaj homicid horar hospitalic humanit hund iba icard ii ilicit impactant implement implic
importanc impus imput incertidumbr incl inclus inclusion incluy incorpor increibl ind independenc independient
indig industrial inedit inesper infanc influenc infraestructur ingl inglater inmediat inmigr inmobil innov
inseguridad insist institucional institut insult integr integrant inteligenc intencion intens interes internet
intervencion intim inund invert inviern involucr ira iran irregularidad isl izquierd jaim jalisc jam japon
jesus jhon joe john jug juvenil juzg k kamal kicillof kil kilometr l laborator lad lavad legal legisl lil
lionel llen llojet llor londr lorenc loret lozan madrug maestr magistr mam manej manifest manten map mapuch
marin martinec masacr masiv masterchef mater matrimon maur mauric mazamor mbap medellin mediant mem memor
mencion mendoc met micr mied migrator min miner mir mirad mis mision mist mitad mod modern modific mol moned
mor mot movid movilic muer mult multipl murieron musk nac nacid natal natural naturalec navidad nba neces
necesidad neg negativ new nieg nomin not observ obten ocasion octav ocult oea ojo oliv olvid omicron onu
organism orig orteg oscar otorg pabl pacient pacific pact pagin palerm palm pampit panameric panoram papel
parag parq participant pat patr patric patrimon paul pedir peligr peligros pension peq perdon perfect permanec
permis personaj pesar pfic pge pib pic pidieron piens pierd pilot pint pist plataform play plurinacional pobr
pobrec pod pol policial posesion positiv post postur prepar presenc prest presum previst pri pro produc
productiv profesor profund prom promes promov pront pronunc propiedad propon proporcion propus protagonic
proteccion proyeccion pud pue puent pum qatar quem quis quit racing rad radic radical rafael raic ram ramirec
ramon ratific rating rcn reactiv rec recaud recet recomend recor recort recuerd recup reemplac refir reforc
refuerc regal regional regul relat rend renov requisit resalt resolucion resolv respect respet responsabilidad
responsabl rest restaurant revis revision revist revoc ritm rival roc rol rom romer ronald rond ros rosar rued
rumor sacar salarial sald salin salt sanchec sangr sean sebast seguidor senor sentenc septim seq show sicar
sient sigl signific significativ siguient silenc simil simon sindicat sirv sism soc sof sold solucion sonor
sort sospech sputnik subir subsid suced suel suficient suman sumar suministr superintendenc superior surg
suspension tabl tal talent tamaulip tarjet tcp teatr television tellec tenem tenid ter terap territor test
testig tigr tim tinel tip tir todav tolos tomad tomar tonel top torment tradicional trafic tragic tram tramit
trans transit transportist trayector tren tri trist trop tropic tucum tuit tund turist turistic ue universit
urban urib usar utilic uu v vam varad variant ve vec ven veracruc veran via vial viceministr vicepresident
vidal viej vigent vio violent virtual vision votacion votar voy voz web whatsap wilsterman x youtub
    """,
    10: """
120 150 180 2001 2008 2009 2010 2018 3102940910 33 34 37 38 39 41 42 43 44 47 48 52 53 54 55 56 59 65 68 700
72 73 75 78 82 85 86 89 900 abaj abord abrac absolut abuel acapulc acat accionist aceit acel acos actitud
actualic actualidad acud adam adapt adicional adopcion adopt adquis adr aduan advers aer afgan afganist afianc
aficion afil afin afip afront afuer agot agr agrav agricultur agropec aguant aguer agustin aisl ala alberg
alia aliad allan alp alrededor amant amaril ambit amistad amistos amnist ampar andronic anec angust anibal
anil animal antecedent antidrog antioq antonel anul apar aparent apart apen aplac app aprehension aquel arab
arancel archiv arranq arras arrastr artur ascens asia asiatic asign asil asistent aspect aspen astr astrazenec
asuncion asunt aterric atlantic atletism atp atractiv atras atraves atravies august aul auror ausenc
autodefens automatic auxil avasal aven avis axel azot aztec b bad balon baloncest bancolomb barat baron
barranquil barril basad basic bast bastant bcr beatric bebid beij bel belgr belind beltr benjamin bermudec
bern best bicenten bielorrus biels bienven bil bilateral billet biodiversidad blind blue bod bolsil bombard
bonil borg bot brac brav brech bril brind broc brot brut brutal bul buq bus cabecil cabel cabr cae caen calam
calend calient calor calv cam camach camionet campac can canadiens cans cant cap capac capacit capitul capril
carac carbon card carril cartag cartil caser cast ced celest cement cen censur centen ceo cep cerebr ceremon
certam certific ces chanc chat chavec chec chef chels chihuah chiriq chiv chof chubut ciel cien ciert cim
cinth circuit cirug clarin claur client clinic cne coc cochabambin cocin codig coincid col colaps colcapirh
coleccion columnist comand comandant combin comer comercialic comerciant comet comic comid compatriot compit
comport comput conacyt concacaf concej concejal concept concesion conciert concil conclusion concluy concurs
conduc conexion confeder confes confesion conform conmebol conmov conmovedor consagr consist consol consolid
constant constituyent constructor construy consul consultor contempl context continent contrab contralor
controvers conv conviert cop16 coronel corral correct corredor correspond correspondient corrient corrupt
cotej coyuntur crack cread crecient creen creer criol criptomon crucial crud cuel culiac culmin culp cultiv
cundinamarc cuot cur curios d dal dand darl dea debem decen decim decisiv default definitiv dejan delfin delg
delt demas demuestr depend deportist deposit deriv desaceler desapar desayun descarg descens descuent desempl
desesper desfil desgar deslic despach despeg despert despleg desplom destap destr destroc detectbot detector
deval diac diet dificultad dignidad dijeron dilem dirigenc disc disciplin disidenc dismin disminucion disminuy
disn disponibl dispos dispuest dispus distribucion diversidad divert divid divorc divulg doblet docent
documental domestic domicil dominguec dominic donar dorad dorm drag dram dramatic duq ech ecosistem ecuator
editor editorial eficac egres eje elabor electricidad element elit eln elog elon embosc emergent emil emision
emprendedor enamor encend encim endurec enemig enferm enfoc enfoq engan enjuic enoj enorm enriquec ensay ensen
entonc entorn envejec epigm episod epn epoc eps equilibr escasec escob escog escond esencial esp espec
especialic especialist especific especul esquem estabilidad establ estanc estel estil estrag estrategic etern
eu eugen eurocop evidenc evism exact exam excepcion exces exhort exministr expand exper experiment explor
explosion explosiv expos expresion expuls expulsion extern extiend extorsion ezeic f f1 fabricant facil
facilit factur facund faitelson fam fan fanatic fantasm fbf fbi federic felicidad felicit feminicid fernand
festival fgr ficcion fich financial finc florenc flot foment formal formos fortun fos frances fraud frecuent
fred fria frid frio fug fundamental funeral furios g gac galan galardon gam ganan ganaron gant garant gat
gatel gba germ gestor gilbert gimenec glor gn golac gonzal gp gram gratuit griet grov guadalaj guerril guin gv
habilidad habit habitant hacerl hack hag hallazg ham hambr hamilton haran harem hayan he hect hector helicopt
hered hern hipodrom hit hoj holand homolog honor horoscop horror hug humanidad humbert humor hurac i ia ibar
ice ideal idol igles igualdad ilusion imit imparabl imperdibl impid impon imposibl impresionant impugn
impunidad inc incaut incentiv incident incluyend incomod increment incumpl indag indign indirect industrialic
infantil infiern ingen ingles inhabilit inminent inmuebl inscripcion inspeccion inspir instagram instanc
integral intelectual inteligent intendent intensific intensiv interameric interm interpret interven intimidad
inusual invasion inversionist inversor ipsp irregul irs isabel istm jan jardin jennif jimen jimenec jinet
joaquin johnson jon joy jugad juj junior jurad juridic just justific juventus jxc ken kiev kirchnerism km kun
labor ladron lagrim lal lament lanat lanus lar laur lazar lech leed legad legend legrand leng lent leo letr
lev leyend leyv liberal licenc licit liderazg ligad lim limp limpiec lind liquid lit literatur litr liverpool
llajt llamativ llant ln loc locur logistic look lot lozoy lujos lul m mac mach mader maf mag maltrat malvin
manchest mancus manfr manifestant mansion mantendr mantien mantuv maquin maraton margarit marid marih mark
marquec mascot mast matar mataron material max maximil mc mead mecanism medicin medin medir mediter mench
mental mercosur metod metropolit michael michel mid milagr milan militant mirth mit molest mon monet monreal
montenegr monter monumental morir mortal mosc motociclist motor movil mujic mul mundialist munoc muril mus
musical mx n nacimient nadal naranj narcotraficant nav navid nen nestor neym nfl nocturn nodal norest norm
normalidad normativ norteameric nosotr notific novak novedad novel noven nucl oaxac obligator obtuv ocd odio
oest of ofensiv off oficialic oficialism omar oms onc open opin organ orgul origin original ortic orur osvald
otan padec pagan pand pantal paol paquet parad paraguay parcial park parl parlament particul pasan pasaport
patent patrocin patron paulin pelot pemex pendient pensional pep percib perfil periodism periodistic perjudic
permanent peron perpet persecucion perseg persist perspectiv pesad pesadil pesc peticion pie piec pilar pin
pinal pinam piquet pis plag planet planific plantel plastic plieg podem poderos polac polon ponen poner pop
portal portug portugal pos posterg posterior potenc potencial potos potr prd pred prediccion prend
preseleccion presid prestam pretend preven prevencion preventiv prioridad privileg prob probabl procedent
proclam procuradur profug promocion promulg propiet proposit prorrog protagonist protocol provenient psicolog
publicidad pucamay puls pur quedars quej querem quiebr quillacol rach racism rar raul reabr reafirm realit
reanud reaparec reapertur rebaj rebas rebeld recalc recesion recomiend reconcil rector reduccion reeleccion
referenc referent refin reflej reflexion regl reglament regularic rehabilit rehen reit reivindic relev
relevant remat remes remon rent repar repart repet represal repunt resid resident resist respectiv reten
retencion retom retorn retras reunirs rev revent reviv reynos rick riquec riquelm rit riv robar robaron robot
roccuc rock rod rodil rodrig roman romanc romantic roo rop rosad rostr royal rub ruben rug rugb ruic ruptur
rural s sa sabem saben sac sacab sacud salac saldr salg salieron salon samuel sandr santil scalon scjn sec
secund segment sel select semafor semestr semifinal senamh sep serb set sever sex sexen sext sier sign simbol
simpl simul sinopharm sintom slam slim soborn sobres socialism softw soj solar soledad solicitud solid
solidaridad som sombr somet sor sorprendent sorpresiv sos sospechos sost sosten sostenibl sostuv sport stream
street subast subid subieron sucr sudafric suec sueld suert suic superlig supermerc susan sustanc tabasc
tahuich talib tap tar tarij tat tatuaj tax taxist team tecnologic tel telefon televis temor temperatur templ
temporal tempr teniend tenist tens teor tepjf terminal terremot terrestr terribl territorial terror terrorism
tesl tesor testimon text tiend tiern tij tiktok tirot toc tomayap ton tortur tour trac trad traer traicion
trail tramp transaccion transmision transparenc treg tricolor trin tripl truc trujil tunar turn tus tuvieron u
ucr uef ums une ungrd unific unit univers universal urgenc urgent urn uruguay usa usad usted utilidad vacunars
vald valenc valid varel varg vatic vazquec ved veg veia velec velocidad veng venganc ventaj verguenc verific
veronic verstap vest vick vicun videojueg vigenc vih vin vint vip virus vis visitant viven vladim voc vocal
vocer vol volant voluntad vulnerabl wal washington wil william wilst wimbledon yacimient ypfb zamb zambr zapat
zaval zeland
    """,
    11: """
1000 110 125 127 130 140 2000 2007 2017 2030 250 350 51 58 63 67 71 77 79 84 88 94 abander abat abren abrog
absurd acer achocal acog adentr adjudic admir adn adolf adquir afr agred agreg agudic ahi ajedrec alan album
alcantaril aleg alegr alfombr alfons aliv almacen aloj alons altern altur alv alw amad amador amar ambicios
amoros amsterdam anad anc andin anh ann anthon apag aplaus apur ara aracel arcism arel areval aristeg arq
arquitectur arregl arriesg arroj arsenal artistic asciend asombr aspir atacant ater atl atribuy aureol
autentic automotor autops avellan aventur aviador avionet award ayacuch ayotzinap baec bajaron barbij bariloch
barrac bat batir bbc bcb becer belgic bendit benedet bes bet bibliotec big bikin bland blanq boletin bolivar
boom bosq botafog brent brian bruj bun c cafet calc calcin cald campech canast cancun cand canig canos
caracteristic cardiac carec carolyn casin catal catedral cautel cc ceped cfe chapit chavist cheq chijllaw chip
chiq chiquit chiric choquehuanc cicl ciclist ciclon cidh cinematografic cir circ circunstanc citad civic clan
click cmb coach coahuil coch colg comed comediant compens competitiv comprend comunit concepcion concienc conf
confin confisc consens const contamin contest contradiccion conurb convencion cooperativ correg costos countr
creador crean creativ creatividad creditic cript crit cronic custod debil deces delic delincuenc delincuent
dem denomin derbec desabastec descans descompens desconciert desiert desigualdad desocup desprend destitucion
destruy desv detien devast dian dib dign disminuyeron dispar doctor domin dor dron duart dub dulc eder edgar
edomex efrain ejecucion ejerc elenc embarc emm emocionant empeor encamin encant enfrentars enfurec enlac
envenen envuelt epic epicentr epm equivoc ernest escalon escandalos escas escud espect espert espionaj esposit
estat estatus estatut esteb estef esten estetic eventual evident evolucion excus exigenc exmandat extincion
exvicepresident faccion fak far farmac fatal favorabl favorec femicid feminism feminist feroc festividad fexc
fiebr fiel filipin filosof finalist flexibilic fluj foc format fort franj fronteric frut fui fusil fust
futbolistic gag galax galer galil gastronomic gavir gay gen geopolitic gil gobernabilidad gord gort gremial
guab guaj guaray guatemaltec gubernamental habers habitual hacem hagan helad hibr horac huel huelg huert huir
hum hurt huyen iconic ida identidad ido ignac ignor ilustr imagin ims incit inclusiv incursion indefin infam
infant infeccion inicial inm inmunidad inocent inst instr instruy intercamb interin interpus invad invict
invisibl iphon irland iron ironic irrump isidr j jair jamaic jean jeanin jep jinp jonath jord jud jugab jugand
juliet jur jurisdiccion kabul karim karin kim krauc lacal lag lagun lapid lator lebron leccion lector leer
legitim lej lem lenguaj liban llos lob localidad loren loter macabr macron mafios magic magnitud maic mald
malest maman manag manifiest maniobr manteners manzur marcial marvel matanc mayer mediatic medr melcon mendec
mensual merec merit merkel microsoft militanc minhaciend minorist mirar misil mixt mls mobil modalidad mois
monic monitor montij mordac morg motochor motociclet mourinh mov movilidad nacionalidad nal nam narcomant
narin nas natacion naufrag navaln naveg nayib neuman nex nicaraguens niev nl nobel nor normalic norueg novedos
nulidad nutr occident odebrecht olmed ond onlin ordin osor p pacen padron paisaj pal panic parais paralel
paralimpic paramilit pasand pasion past patagon patrul paut peaton pegasus percepcion peronism peter picant
piedr piel piner pintur pip pizar playst pochettin podid polaric ponenc poners popularidad populist postul
potabl pou prad prefer preocupant preolimpic presencialidad prestig prestigios primav problematic procur
progres promuev prostat provincial pt pym quimic r rac radiograf raf ral recibir reencuentr reestructur
relativ remit remont ren repit represion reprogram req resuelv revert rind robad ruid sabor sabrin salen
salvator santand saul schwartzm scot seccion send sens serv siembr sinovac sober solit sond sostenibilidad
spacex strongest suben suicid supervis surcor tajant tand tech telefonic tematic tik tin tort trab transferenc
trasl traslad tribun trig truch tsj turc tutel unam unifranc unir vacant vasquec velad verdag vient violet
volar volc watch world xi yosstop zacatec zaldiv
    """,
}

FEATURES: Final = {
    3: """
=strike te. trump
    """,
    4: """
=border =house =state =year after imigr mexic migra presi
    """,
    5: """
19 =agreement =arrest =car =court =day =dead =journalist =kill =leader =month =nine =plane =police =shooting
=talk =tariff =two =week =worker about again ameri amlo. contr coron covid econo entre first gobie ice. inter
los. natio new. parti peopl sobre teir texas
    """,
    6: """
000 10 2020 =appointment =child =crossing =deportation =election =five =four =half =health =job =lawsuit
=mayor =monday =price =prison =protest =ruling =sign =thousand =threat =three =thursday =trade =trial =tuesday
=vaccine =wall =wednesday =woman admin agent anoun argen autor befor being biden calif canad centr china claim
colom compa comun confi congr conse const conti could count crisi criti cuien defen democ desde direc donal
durin elect empre europ exper famil feder final folow force forme franc gener gover histo how. ilega inclu
infor inves justi las. milio milit milon minea minis nacio nicol ofice ofici opera order pande perso polit
prese prime produ progr publi reali recor repub respo rusia secre secur segun servi socia super tiene trans
ultim under unite venez video which while world would
    """,
    7: """
00 100 11 12 13 15 16 18 20 2021 2024 2025 2026 24 25 30 50 =army =bank =body =bus =city =county =customs =dam
=dollar =drug =factory =farmer =fire =friday =governor =hundred =judge =missing =night =prosecutor =river
=saturday =school =seize =sentence =shelter =six =soldier =student =sunday =tax =ten =treaty =water =wounded
acord acros actio activ acuse afect agenc alber alege anali andre angel anote anunc apear aroun atac austr bc.
becom betwe boliv brasi breac briti build busca but. caled cals cambi campa candi capit carte celeb chale
champ chang charg chief child chris close comen como. compe compl compr con. conce confe consi consu conta
conte conve crime crist cuand cuart cue. cuest cumpl cup. deadl debat decis decla denun depar despi despu
difer discu dispu donde drive duran earli ecuip efect emerg encue enfor engla enter espec esper eu. event
everi execu expec explo extra fatal ferna fight finan for. forei forma found frent from. futur georg germa
globa god. grand group gusta hasta homel horas hospi human impac impor incre india indus inici inten invol
iorc. iran. israe itali large lates latin launc leagu least leave legal liber local lopez luego luis. madur
mai. major manue marce medic mejor membe menos merca mines momen more. mundi mundo narco news. nort numbe
obama obrad one. organ oter panam petro place popul por. posib power premi prepa presu princ priva probl proie
propo prote provi puede reach recib refor regio regis relat relea remai rene repre resid restr resul retur
revea revel right salva san. santa secon secto selec senat serie share shoul shows since siste sout stand
start stil stret supor supre suspe targe tensi tere teror tis. todai todos trave troug ucrai una. unido unive
updat victi victo viole visit watch what. where whi. white wit. women
    """,
    8: """
14 39 =eight =highway becau begin bilio brita cente comis comit conoc corea energ estab oposi previ raise
studi tough
    """,
}
# fmt: on
