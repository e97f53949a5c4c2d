package detect

import "strings"

// topics are what the words before a place are about, one bit each.
type topics uint64

const (
	aboutPhone topics = 1 << iota
	aboutSSN
	aboutITIN
	aboutSIN
	aboutNHS
	aboutNINO
	aboutSteuer
	aboutNIR
	aboutDNI
	aboutFiscale
	aboutBSN
	aboutAadhaar
	aboutPAN
	aboutCPF
	aboutCNPJ
	aboutPESEL
	aboutSwede
	aboutNRIC
	aboutTFN
	aboutMedicare
	aboutAHV
	aboutBelgian
	aboutKorean
	aboutJapanese
	aboutChinese
	aboutFinn
	aboutIrish
	aboutMexican
	aboutIdentity // an identity number, of whatever country
	aboutTax      // a tax number, of whatever country
	aboutPassport
	aboutLicence
	aboutNPI
	aboutDEA
	aboutMRN
	aboutRouting
	aboutAccount
	aboutSortCode
	aboutIBAN
	aboutSWIFT
	aboutCard
	aboutBirth
	aboutAddress
	aboutPlace
	aboutIP
	aboutVehicle
	aboutWallet
	aboutOther // what is no person's: orders, versions, amounts
)

// words that say what a number is, by topic: phrases of one or two words, in lower case, parted by commas.
var words = []struct {
	about topics
	list  string
}{
	{aboutPhone, "phone,phones,telephone,tel,mobile,cell,cellphone,cellular,fax,dial,dialed,dialled,whatsapp,sms,call,called,calling,ring,text me,reach,ph,mob,hotline,helpline,landline,callback,phoneno,phonenumber,telno,msisdn,contact number,contact no,contact,extension,ext,signal,telegram,viber,voicemail,reachable,extn," +
		"telefon,telefonnummer,tel nr,handy,handynummer,mobil,mobilnummer,mobiltelefon,rufnummer,anrufen,rückruf,erreichbar,erreichen,festnetz,fon,durchwahl," +
		"téléphone,telephone,tél,téléphoner,portable,appeler,appelez,joindre,joignable,fixe,gsm,numéro de,rappeler," +
		"teléfono,telefono,móvil,movil,celular,llámame,llamar,llame,llámenos,fijo,tfno,tlf,llama," +
		"cellulare,chiamare,chiamami,chiamate,cell,recapito,telefonare,numero di," +
		"telefoon,telefoonnummer,mobiel,bellen,bel,bereikbaar,06-nummer," +
		"telefone,telemóvel,ligar,ligue,fone,zap,contato," +
		"numer telefonu,komórka,zadzwoń,telefonu,kontaktowy,telefonnr,ring mig,mobilnr,puhelin," +
		"điện thoại,sđt,số đt,di động,gọi,liên hệ,đt,sdt," +
		"फ़ोन,फोन,मोबाइल,telepon,hp,no hp"},
	{aboutSSN, "ssn,ssns,social security,social sec,socialsecurity,ss,soc sec,socialsecuritynumber"},
	{aboutITIN, "itin,individual taxpayer,taxpayer identification"},
	{aboutSIN, "sin,social insurance,nas,assurance sociale"},
	{aboutNHS, "nhs,nhsnumber,national health"},
	{aboutNINO, "nino,national insurance,ni number,ni no,ni,insurance number,nin,natins"},
	{aboutSteuer, "steuer id,steuerid,steueridentifikationsnummer,identifikationsnummer,idnr,steuernummer,steuer idnr,steuerliche,tin"},
	{aboutNIR, "nir,sécu,sécurité sociale,securite sociale,insee,carte vitale,sociale,nss,vitale"},
	{aboutDNI, "dni,nif,nie,documento nacional,documento,extranjero"},
	{aboutFiscale, "codice fiscale,cf,codicefiscale,fiscale"},
	{aboutBSN, "bsn,burgerservicenummer,sofinummer,sofi,burgerservice"},
	{aboutAadhaar, "aadhaar,aadhar,adhaar,uidai,uid,आधार"},
	{aboutPAN, "pan,pan card,permanent account"},
	{aboutCPF, "cpf,cadastro de,pessoa física"},
	{aboutCNPJ, "cnpj,empresa"},
	{aboutPESEL, "pesel"},
	{aboutSwede, "personnummer,personnr,pnr,samordningsnummer,personal identity"},
	{aboutNRIC, "nric,fin,ic,ic number"},
	{aboutTFN, "tfn,tax file,taxfile"},
	{aboutMedicare, "medicare,medicare card"},
	{aboutAHV, "ahv,avs,ahvn13,sozialversicherungsnummer"},
	{aboutBelgian, "rijksregister,rijksregisternummer,registre national,insz,niss,numéro national"},
	{aboutKorean, "rrn,resident registration,주민등록번호,주민번호"},
	{aboutJapanese, "my number,mynumber,マイナンバー,個人番号"},
	{aboutChinese, "resident identity,身份证,身份证号,公民身份"},
	{aboutFinn, "hetu,henkilötunnus"},
	{aboutIrish, "pps,ppsn,pps number,public service"},
	{aboutMexican, "curp"},
	{aboutIdentity, "national id,nationalid,identity number,identity no,identity card,id number,id card,idnumber,id no,personal id,citizen id,government id,ausweis,personalausweis,ausweisnummer,cédula,cedula,identidad,identité,identità,identiteit,cmnd,cccd,căn cước,id document,identification,carta d'identità,rg,dowód,dowodu"},
	{aboutTax, "tax id,taxid,tax number,tax no,tax identification,taxpayer,tax,nif,fiscal"},
	{aboutPassport, "passport,passports,passportno,passportnumber,reisepass,reisepassnummer,passnummer,pass nr,passeport,pasaporte,passaporto,paspoort,paspoortnummer,passaporte,paszport,paszportu,hộ chiếu,パスポート,护照,travel document,pass"},
	{aboutLicence, "driver license,drivers license,driving licence,driving license,driver's license,driver's licence,drivers licence,driver licence,drivers,driving,dl,dln,dl number,license number,licence number,fahrerlaubnis,führerschein,führerscheinnummer,permis de,permis,licencia de,carnet de,patente,patente di,rijbewijs,rijbewijsnummer,cnh,habilitação,prawo jazdy,driverlicense,driverslicense,driver"},
	{aboutNPI, "npi,national provider,provider identifier,npi number,provider number"},
	{aboutDEA, "dea,dea number,prescriber"},
	{aboutMRN, "mrn,medical record,medical rec,patient id,patient no,patient number,chart number,chart no,hospital number,patientid,patient mrn,record number,health record,emr,ehr,patientennummer,fallnummer,medicalrecord,chart,patient"},
	{aboutRouting, "routing,aba,routing number,rtn,transit number,transit,aba routing,ach"},
	{aboutAccount, "account,acct,a/c,account number,account no,acct no,acc no,accountnumber,bank account,checking,savings,konto,kontonummer,compte,cuenta,conto,rekening,rekeningnummer,conta,conta corrente,agência,acc,deposit,wire,bankverbindung,nr rachunku,rachunku,bankgiro"},
	{aboutSortCode, "sort code,sortcode,sort,sort-code"},
	{aboutIBAN, "iban,bank account"},
	{aboutSWIFT, "swift,bic,swift code,bic code,swift bic"},
	{aboutCard, "card,cards,cc,credit,debit,visa,mastercard,amex,american express,discover,pan,cardnumber,ccn,creditcard,karte,kreditkarte,kartennummer,carte,tarjeta,carta,kaart,cartão,karta,karty,carte bancaire,cb,maestro,pay,thẻ"},
	{aboutBirth, "dob,birth,born,birthdate,birthday,birth date,dateofbirth,d o,geboren,geb,geburtsdatum,geburtstag,né le,née le,né,née,naissance,nacido,nacida,nacimiento,nacimento,nascimento,nascido,nascida,nato,nata,nascita,geboortedatum,geboorte,urodzenia,urodzony,urodzona,född,födelsedatum,ngày sinh,sinh,sinh ngày,生年月日,出生,出生日期,生日,fødselsdato,syntymäaika,doğum,bday,b-day"},
	{aboutAddress, "address,addr,street,lives,live,living,residence,residing,ship to,shipping,deliver,delivery,mailing,adresse,wohnhaft,anschrift,wohnt,domicilio,dirección,direccion,indirizzo,adres,endereço,domicile,habite,adresse postale,adressen,bor"},
	{aboutPlace, "gps,coordinates,coords,latitude,longitude,lat,lng,lon,long,location,geo,position,koordinaten,coordonnées,coordenadas,coordinate,located"},
	{aboutIP, "ip,ips,ipv,ip address,address,host,server,client,remote,ping,addr,gateway,dns,subnet,ssh,from,source,src,dst,peer,login,logged,connection,host ip,remoteaddr,clientip,inet"},
	{aboutVehicle, "vin,vehicle,chassis,chassis number,fahrgestellnummer,fahrgestell,fin,vehicle identification,bastidor,telaio,châssis,car"},
	{aboutWallet, "wallet,bitcoin,btc,eth,ethereum,crypto,usdt,ltc,litecoin,tron,trx,send,payout,deposit address,xrp,ripple,solana,sol"},
	{aboutOther, "order,orders,invoice,invoices,ticket,tickets,tracking,serial,sku,part,case,reference,ref,version,ver,build,commit,hash,sha,md,isbn,issn,model,batch,lot,po,transaction,txn,receipt,barcode,upc,ean,gtin,quantity,qty,price,amount,total,subtotal,revenue,usd,eur,timestamp,ts,epoch,unix,request,trace,pid,port,offset,bytes,count,item,product,asin,confirmation,booking,claim,shipment,parcel,container,firmware,revision,rev,release,error,error code,errno,checksum,size,duration,elapsed,ms,population,page,article,job,run,log,sequence,seq,incident,bug,issue,pr,merge,node,row,line,chapter,section,event,meter,asset,catalog,catalogue,doi,patent,uuid,guid," +
		"siret,siren,rcs,clause,python,ruby,java,totals,balance,solde,saldo,bestellung,bestellnummer,rechnung,rechnungsnummer,auftrag,auftragsnummer,artikelnummer,sendungsnummer,seriennummer,kundennummer,vorgangsnummer,vorgang,aktenzeichen,pratica,dossier,ärende,expediente,folio,protocollo,commande,facture,référence,suivi,article,pedido,factura,referencia,seguimiento,ordine,fattura,riferimento,spedizione,bestelnummer,bestelling,factuur,factuurnummer,ordernummer,encomenda,fatura,nota fiscal,zamówienie,zamówienia,faktura,faktury,beställning,mã đơn,đơn hàng,hóa đơn,注文番号,订单号,订单,注文,伝票"},
}

// topicOf is the table of words and pairs of words, the two parted by a blank.
var topicOf = func() map[string]topics {
	m := map[string]topics{}
	for _, w := range words {
		for _, p := range strings.Split(w.list, ",") {
			m[p] |= w.about
		}
	}
	return m
}()

var topicSieve = sieveOf(topicOf)

// eastern are words of scripts that do not part words, looked for inside of what stands before a number.
var eastern = []struct {
	about topics
	list  []string
}{
	{aboutPhone, []string{"電話", "电话", "携帯", "手机", "手機", "联系方式", "連絡先", "전화", "휴대폰", "연락처", "โทร", "मोबाइल"}},
	{aboutBirth, []string{"生年月日", "出生", "生日", "생년월일"}},
	{aboutCard, []string{"カード", "卡号", "信用卡", "카드"}},
	{aboutPassport, []string{"パスポート", "旅券", "护照", "護照", "여권"}},
	{aboutJapanese, []string{"マイナンバー", "個人番号"}},
	{aboutChinese, []string{"身份证", "身份號"}},
	{aboutKorean, []string{"주민"}},
	{aboutAccount, []string{"口座", "账号", "帐号", "계좌"}},
	{aboutOther, []string{"注文", "订单", "伝票", "追跡", "版本", "バージョン", "주문"}},
}
