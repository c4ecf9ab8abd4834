//! Native evaluation against a real bash: the same text must give the same variables.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

const NAMES: [&str; 12] = ["R", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "MAKE_*"];

pub(super) fn shell(system: &System, reach: Reach) -> Shell<'_> {
    let variables = [("kernelver", "6.1.0-56-amd64"), ("arch", "x86_64"), ("dkms_tree", "/var/lib/dkms")];
    Shell {
        system,
        names: &NAMES,
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        destination: Some("/updates/dkms".to_owned()),
        time_limit: Duration::from_secs(20),
        reach,
        evaluations: Evaluations::One,
        walls: None,
    }
}

pub(super) fn system() -> System {
    let environment = [("PATH", "/usr/bin:/bin"), ("HOME", "/root"), ("FROM_CALLER", "yes"), ("LC_ALL", "C.UTF-8")];
    System::host().with_environment(environment.map(|(name, value)| (name.into(), value.into())).into())
}

pub(super) fn native(system: &System, text: &str) -> Result<Directives, dynamic::Dynamic> {
    eval::evaluate(text, None, &Directives::new(), &shell(system, Reach::Native)).map(|outcome| outcome.directives)
}

pub(super) fn real(system: &System, text: &str) -> Directives {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), text).unwrap();
    shell(system, Reach::Bash).run(file.path(), &Directives::new(), bash::Source::File(file.path())).unwrap().directives
}

/// What a static file may hold. Each line must be evaluated natively, and as bash does it.
const STATIC: &[&str] = &[
    "R=a",
    "R='a  b' R2=\"c  d\"",
    "R=a\\ b\\$c",
    "R=\"a\\$b\\\"c\\\\d\\e\\`\"",
    "R='single $kernelver \"x\"'",
    "R=\"double $kernelver 'x'\"",
    "R=$'a\\tb\\'c\\n'",
    "R=a'b'\"c\"d",
    "R=one\\\ntwo",
    "R=\"one\\\ntwo\nthree\"",
    "R='one\\\ntwo'",
    "R=  # nothing\nR2=x # comment\n# R3=y",
    "R=a#b",
    "R[0]=a; R[3]=b; R[7]+=c; R[3]+=d",
    "R=a\nR[0]=b\nR+=c",
    "R=(a b 'c d')",
    "R=(a [5]=b c)",
    "R=([2]=x [0]=y)",
    "R=(a b); R+=(c d); R[1]=e",
    "R=(\n  a # first\n  b\n)\n",
    "X=(1 2 3); R=(\"${X[@]}\"); R2=\"${X[*]}\"; R3=${X[@]}; R4=${#X[@]}",
    "X=(); R=(\"${X[@]}\" b); R2=(x\"${X[@]}\"y)",
    "X=() Y=; R=(\"${X[@]}${X[@]}\" a); R2=(\"${X[@]}$Y\" a); R3=(\"${X[@]} \" a); R4=(\"${X[@]}\"\"\" a)",
    "X=() Y=(''); R=(\"${X[@]}${Y[@]}\" a); R2=(\"${X[@]+x}\" a); R3=(\"${NONE+x}\" a); R4=(${NONE+x} a)",
    "E=; R=${E//*/z}x R2=${E/*/z} R3=${E/#*/z} R4=${E/%*/z} R5=${E//?/z} R6=${E//x/z} R7=${NONE//*/z} R8=${E/#/z}",
    "X=('a b' c); R=(${X[@]}); R2=(\"${X[@]}\"); R3=(\"${X[*]}\"); R4=(\"p${X[@]}s\")",
    "X=([3]=a [7]=b); R=(${!X[@]}); R2=${X[7]} R3=${X[-1]} R4=${X}",
    "i=2; R[i]=a; R[$i+1]=b; R[i*2]=c",
    "R=$kernelver; R2=${kernelver}; R3=\"$kernelver-x\"; R4=$kernelver_x",
    "R=${NONE:-def} R2=${NONE-def} R3=${kernelver:+alt} R4=${NONE:+alt} R5=${NONE:=set} R6=$NONE",
    "E=; R=${E:-d} R2=${E-d} R3=${E+a} R4=${E:+a}",
    "R=${NONE:-\"a b\"} R2=\"${NONE:-a b}\" R3=\"${NONE:-\"q\"}\" R4=${NONE:-$kernelver}",
    "R=\"${NONE:-'q'}\" R2=${NONE:-'q'}",
    "R=${kernelver%-*} R2=${kernelver%%-*} R3=${kernelver#*.} R4=${kernelver##*.}",
    "R=${kernelver%amd64} R2=${kernelver#5} R3=${kernelver%%[-.]*} R4=${kernelver##*[!0-9]}",
    "p='*.'; R=${kernelver#$p} R2=${kernelver#\"$p\"} R3=\"${kernelver#$p}\" R4=\"${kernelver#\"$p\"}\"",
    "R=${kernelver/./_} R2=${kernelver//./_} R3=${kernelver//[.-]/} R4=${kernelver/#6/six} R5=${kernelver/%amd64/x}",
    "R=${kernelver//a*d/X} R2=${kernelver/[0-9]*/X} R3=${kernelver//./}",
    "R=${kernelver:2} R2=${kernelver:0:3} R3=${kernelver: -5} R4=${kernelver:2:-6} R5=${kernelver:50} R6=${#kernelver}",
    "R=${kernelver^^} R2=${arch^} R3=${arch^^[xy]} X=ABC R4=${X,,} R5=${X,}",
    "X=kernelver; R=${!X}",
    "X=(aa ab b); R=(${X[@]#a}) R2=(\"${X[@]/a/x}\") R3=${X[1]%b}",
    "R=$((1+2*3)) R2=$(( (1+2)*3 )) R3=$((7/2)) R4=$((-7%3)) R5=$((2**10)) R6=$((1<2)) R7=$((0x10)) R8=$((010))",
    "i=5; R=$((i+1)) R2=$((i++)) R3=$i R4=$((i+=2)) R5=$((i>3?1:2)) R6=$((i==8&&1)) R7=$((!i)) R8=$((~i))",
    "i=1; ((i++)); R=$i; ((i>5)) && R2=x; ((i<5)) && R3=y",
    "for i in 1 2 3; do R[$i]=m$i; done",
    "i=0; for m in a b c; do R[$i]=$m; i=$((i+1)); done",
    "i=0; for m in a b c; do R[i++]=$m; done",
    "for ((i=0;i<3;i++)); do R[i]=$((i*i)); done",
    "i=0; while [ $i -lt 4 ]; do R[$i]=x$i; ((i++)); done; until [ $i = 0 ]; do i=$((i-1)); done; R2=$i",
    "for i in a b c d; do [ $i = b ] && continue; [ $i = d ] && break; R+=$i; done",
    "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; R+=$i$j; done; done",
    "if [ \"$arch\" = x86_64 ]; then R=yes; else R=no; fi",
    "if [ -z \"$NONE\" ] && [ -n \"$arch\" ]; then R=1; elif true; then R=2; fi",
    "if false; then R=1; elif [ 3 -gt 2 ]; then R=2; else R=3; fi",
    "if [ ! -e /nonexistent ]; then R=none; fi; if [ -d /usr ] && [ -f /etc/passwd ]; then R2=there; fi",
    "if [ a = a -a b = b ]; then R=1; fi; if [ a = b -o b = b ]; then R2=1; fi; [ x ] && R3=1; [ '' ] || R4=1",
    "if test 5 -le 5; then R=1; fi; test ! a = b && R2=1",
    "[[ $kernelver == 6.* ]] && R=six; [[ $kernelver == \"6.*\" ]] || R2=quoted; [[ $kernelver != 5* ]] && R3=1",
    "[[ $kernelver =~ ^6\\.[0-9]+ ]] && R=1; [[ $kernelver =~ ^(5|6)\\. ]] && R2=1; [[ $kernelver =~ \"6.1\" ]] && R3=1",
    "x='^6\\.'; [[ $kernelver =~ $x ]] && R=1; [[ $kernelver =~ \"$x\" ]] || R2=1",
    "[[ -z $NONE && ( -n $arch || $arch == x ) ]] && R=1; [[ ! -e /nonexistent ]] && R2=1; [[ $arch ]] && R3=1",
    "[[ 10 -gt 9 ]] && R=1; [[ a -eq 0 ]] && R2=1; [[ -v kernelver ]] && R3=1; [[ -v NONE ]] || R4=1",
    "case $kernelver in 5.*) R=5;; 6.*|7.*) R=6;; *) R=other;; esac",
    "case \"$arch\" in i?86) R=32;; x86_64) R=64;& aarch64) R2=fall;; *) R3=no;; esac",
    "case a in a) R=1;;& b) R2=1;;& *) R3=1;; esac",
    "case $kernelver in (*-amd64) R=1;; esac; case x in esac; R2=$?",
    "f() { R=$1; R2=$#; R3=\"$*\"; }; f a 'b c'",
    "function f { local X=in; R=$X; }; X=out; f; R2=$X",
    "f() { return 3; }; f; R=$?; f || R2=failed",
    "f() { echo \"<$1>\"; }; R=$(f a) R2=`f b`",
    "f() { for a; do R+=\"$a,\"; shift; R2+=$#; done; }; f x y z",
    "f() { local -a X=(1 2); R=(\"${X[@]}\" \"$@\"); }; f a 'b c'",
    "R=$(echo one two) R2=\"$(echo 'a  b')\" R3=$(printf '%s' x) R4=$(echo a; echo b)",
    "R=$(echo $(echo nested)) R2=$(X=1; echo $X)$X R3=$(echo a; false)",
    "R=$(uname -m)",
    "R=$(echo -n a; echo -- -x; echo -n -z) R2=$(echo --with=\"$arch\") R3=$(echo -)",
    "R=$(nproc) R2=$(( $(nproc) * 0 + 1 ))",
    "false; R=$?; true; R2=$?; ! true; R3=$?; X=$(false); R4=$?",
    "true && R=1 || R=2; false && R2=1 || R2=2; { R3=a; R4=b; }; (R5=c)",
    "export R=1; declare R2=2; declare -a R3=(a b); export R; typeset R4=x",
    "R=1; R2=2; unset R; R3=(a b c); unset 'R3[1]'; unset R9",
    "echo noise; echo noise >&2; : ignored ${R:=set}; echo x >/dev/null 2>&1",
    "R={a,b} R2=(x{1..3}y) R3=({a,b}{c,d}) R4=(a{b,}c) R5=({a..c} {3..1})",
    "R=~ R2=~/x R3='~' R4=\"~\" R5=a~",
    "R=\"$FROM_CALLER\" R2=${FROM_CALLER}",
    "R=$(override_dest_module_location /extra)",
    "R=$(VER 5.4.0-9) R2=$(VER \"$kernelver\") R3=$(VER 1234.56) R4=$(VER ' v2 ') R5=$(VER '')",
    "X=abcabc; R=${X//*b/-} R2=${X//a*c/-} R3=${X/%b*/-} R4=${X/#*b/-} R5=${X//[ab]*[!c]/-} R6=${X/b/-}",
    "X=a.b.c; R=${X%.*} R2=${X%%.*} R3=${X#*.} R4=${X##*.} R5=${X%%*} R6=${X%?*?} R7=${X##?*?} R8=${X#x*}",
    "R=\"a $(echo \"inner  $kernelver\") b\"",
    "R=(/etc/pass[w]d /etc/nonexist* \"/etc/pass*\" '*')",
    "X='/etc/passw? none*'; R=($X); R2=$X; R3=(\"$X\")",
    "X='a   b'; R=($X); R2=$X; R3=\"$X\"; for i in $X; do R4+=[$i]; done; for i in \"$X\"; do R5+=[$i]; done",
    "R=$X R2=a$X R3=\"\" R4=($X '') R5=(\"$X\")",
    "R=a; R2=b; R=$R2 R2=$R",
    "if true\nthen\n  R=1\nfi\nwhile false; do R2=x; done\n",
    "R=\"x\" ; R2='y';R3=z;",
    "R='\\$kernelver' R2=\"\\$kernelver\" R3=\\\\$kernelver",
    "R=\"\\a\\1\\\\\"; R2='a\\\\b'; R3=a\\\\b",
    "R=\"tab\there\"; R2=a\\\tb",
    "R=!x; R2=\"!y\"; R3=a!",
    "R=a=b; R2=a:b; R3=/a/b.c; R4=a,b; R5=@%+; R6=[x]; R7=a{b}c",
    "R=$; R2=\"$\"; R3=a$; R4=\"a$ b\"; R5=$.",
    "R=\"${kernelver}${arch}\" R2=${kernelver}_${arch} R3=$kernelver.$arch",
    "R=\"`echo a`\"; R2=`echo b c`",
    "X=5; R=$((X*2))$((X)); R2=\"$((X + 1))\"; R3=$(($X+1)); R4=$((${X}+${#X}))",
    "X=(1 2 3); R=$((X[1]+X[2])) R2=${X[1+1]} R3=${X[$((0))]}",
    "R[1]=a\nR[0]=b\nR2=${R[0]}${R[1]}",
    "R=\"line1\nline2\"; R2=$(echo \"$R\")",
    "R=ünï; R2=\"ä $kernelver\"",
    "cond=yes; [ \"$cond\" = yes ] && { R=1; R2=2; }; [ $cond = no ] && R3=1; true",
    "if [ `echo 1` -eq 1 ]; then R=1; fi",
    "if [ \"$(uname -m)\" = \"$NONE\" ]; then R=1; else R=2; fi",
    "return; R=1",
    "R=1; return 0; R=2",
    "if ! [ -d /nonexistent ]; then R=1; fi; ! false && R2=1",
    "V=6.1; M=${V%%.*} m=${V#*.}; if [ $M -gt 5 ] || [ $M -eq 5 -a $m -ge 4 ]; then R=new; fi",
];

#[test]
fn static_text_is_evaluated_as_bash_does_it() {
    let system = system();
    let mut wrong = Vec::new();
    for text in STATIC {
        match native(&system, text) {
            Ok(found) => {
                let expected = real(&system, text);
                if found != expected {
                    wrong.push(format!("{text}\n  native {found:?}\n  bash   {expected:?}"));
                }
            }
            Err(dynamic) => wrong.push(format!("{text}\n  not static: {dynamic:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What only bash can tell, and the line that is named.
const DYNAMIC: &[(&str, usize, &str)] = &[
    ("R=1\nR=$(date)\n", 2, "$(date)"),
    ("R=`ls | wc -l`", 1, "$(ls | wc -l)"),
    ("R=1\n\ngcc -v\n", 3, "the command `gcc -v`"),
    ("source $NONE/x", 1, "the file /x"),
    ("eval R=1", 1, "the command `eval R=1`"),
    ("R=$RANDOM", 1, "$RANDOM"),
    ("exit 1", 1, "the command `exit 1`"),
    ("while true; do :; done", 1, "more work than a configuration takes"),
    ("R=${NONE:?message}", 1, "this kind of parameter expansion"),
    ("R=x; while true; do R=$R$R; done", 1, "a very long value"),
    ("R=$((1/0))", 1, "a division by zero"),
    ("f() { f; }; f", 1, "calls nested very deep"),
    ("R=1 &", 1, "a command in the background"),
    ("a=a; R=$((a))", 1, "the arithmetic `a`"),
    ("R=$1", 1, "$1"),
    ("R=\"${NONE:-a  b}\"", 1, "blanks inside ${…}"),
];

#[test]
fn what_is_not_static_is_named_with_its_line() {
    for (text, line, what) in DYNAMIC {
        let dynamic = native(&system(), text).unwrap_err();
        assert_eq!((dynamic.line, dynamic.what.as_str()), (*line, *what), "{text}");
    }
}

#[test]
fn hostile_nesting_costs_neither_stack_nor_time() {
    let started = std::time::Instant::now();
    for depth in [7, 10, 50, 1000] {
        let texts = [
            "if true; then ".repeat(depth) + "R=1" + &"; fi".repeat(depth),
            "{ ".repeat(depth) + "R=1" + &"; }".repeat(depth),
            "( ".repeat(depth) + "R=1" + &" )".repeat(depth),
            "R=".to_owned() + &"$(echo ".repeat(depth) + "1" + &")".repeat(depth),
            "R=".to_owned() + &"\"$(echo ".repeat(depth) + "1" + &")\"".repeat(depth),
            "R=".to_owned() + &"${X:-".repeat(depth) + "1" + &"}".repeat(depth),
            "R=$((".to_owned() + &"(".repeat(depth) + "1" + &")".repeat(depth) + "))",
            "R=$((".to_owned() + &"R[".repeat(depth) + "1" + &"]".repeat(depth) + "))",
            "R=$((".to_owned() + &"-".repeat(depth) + "1))",
            "R=$((".to_owned() + &"1?".repeat(depth) + "1" + &":1".repeat(depth) + "))",
            "R={".to_owned() + &"{a,b},".repeat(depth) + "}",
            "R=(".to_owned() + &"{a,b}".repeat(depth) + ")",
            "[[ ".to_owned() + &"! ".repeat(depth) + "a ]] && R=1",
            "[[ ".to_owned() + &"( ".repeat(depth) + "a" + &" )".repeat(depth) + " ]] && R=1",
            "case x in ".repeat(depth) + &"x) R=1;; esac".repeat(depth),
            "R=".to_owned() + &"'".repeat(depth),
            "R={1..99999999999999999999} 99999999999>x ~+99999999999999999999".to_owned(),
            "R=(".to_owned() + &"(".repeat(depth),
            "f() ".repeat(depth) + "{ :; }",
            "! ".repeat(depth) + "R=1",
            "R=`".repeat(depth),
            "R=".to_owned() + &"$x".repeat(depth),
            "R=\"".to_owned() + &"$".repeat(depth) + "\"",
            "R=\"".to_owned() + &"$x ${y} a".repeat(depth) + "\"",
            "R=".to_owned() + &"\\".repeat(depth),
            "R=1\n".repeat(depth),
            "R=(".to_owned() + &"a ".repeat(depth) + ")",
            "true && ".repeat(depth) + "R=1",
            "true | ".repeat(depth) + "R=1",
            "if false; then R=1; ".to_owned() + &"elif false; then R=1; ".repeat(depth) + "fi",
            "a ".repeat(depth),
            "[[ ".to_owned() + &"a || ".repeat(depth) + "b ]]",
            "[[ ".to_owned() + &"a||".repeat(depth) + "b ]]",
        ];
        for text in texts {
            let begin = std::time::Instant::now();
            drop(native(&system(), &text));
            let took = begin.elapsed();
            assert!(took.as_secs() < 4, "{took:?} for {}", text.chars().take(60).collect::<String>());
        }
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn a_search_in_a_long_text_ends_soon_or_is_left_to_bash() {
    let started = std::time::Instant::now();
    let long = "a".repeat(4000);
    for line in [
        "R=${A//*a*a*a*a*b/x}",
        "R=${A/*a*a*a*a*b/x}",
        "R=${A%%*a*a*a*a*b}",
        "R=${A##*b*a*a*a*a}",
        "case $A in *a*a*a*a*b) R=1;; esac",
        "[[ $A == *a*a*a*a*b ]] || R=1",
        "R=${A//a*a*a*a*b/x}",
        "for ((i = 0; i < 100000; i++)); do R=${A//*a*b/x}; done",
        "for ((i = 0; i < 100000; i++)); do R=$A$A$A; done",
        "R=(/*/*/*/*/*/*/*/*)",
    ] {
        let begin = std::time::Instant::now();
        drop(native(&system(), &format!("A={long}\n{line}\n")));
        assert!(begin.elapsed().as_secs() < 20, "{:?} for {line}", begin.elapsed());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn a_file_that_hangs_or_writes_without_end_is_stopped_once_and_then_known() {
    let system = system();
    let folder = tempfile::tempdir().unwrap();
    for (at, (text, complaint)) in [
        ("sleep 100", "took longer than 1 seconds"),
        ("sleep 100 & wait", "took longer than 1 seconds"),
        ("cat /dev/zero", "wrote more than 1048576 bytes"),
        ("cat /dev/zero >&2 & wait", "wrote more than 1048576 bytes"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.path().join(format!("{at}.conf"));
        fs_err::write(&file, text).unwrap();
        let shell = Shell { time_limit: Duration::from_secs(1), ..shell(&system, Reach::Bash) };
        let begin = std::time::Instant::now();
        for _ in 0..20 {
            let error = shell.read(&file, &Directives::new()).unwrap_err().to_string();
            assert!(error.contains(complaint), "{text}: {error}");
        }
        assert!(begin.elapsed().as_secs() < 10, "{text}: {:?}", begin.elapsed());
    }
}

#[test]
fn a_program_that_stays_in_the_background_is_not_waited_for() {
    let begin = std::time::Instant::now();
    let directives = real(&system(), "sleep 100 &\nR=1\n");
    assert_eq!(directives["R"][&0], "1");
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}

#[test]
fn the_file_at_hand_has_a_name() {
    let system = system();
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("dkms.conf"), folder.path().join("other"));
    fs_err::write(&other, "R2=$BASH_SOURCE\n").unwrap();
    let text = "R=${BASH_SOURCE%/dkms.conf}\n. \"$R/other\"\nR3=\"${BASH_SOURCE[0]}\"\n";
    fs_err::write(&file, text).unwrap();
    let shell = shell(&system, Reach::Native);
    let found = shell.read(&file, &Directives::new()).unwrap();
    assert_eq!(found.evaluated_by, EvaluatedBy::Static);
    let by_bash = shell.run(&file, &Directives::new(), bash::Source::File(&file)).unwrap();
    assert_eq!(found.directives, by_bash.directives);
    assert_eq!(found.directives["R2"][&0], other.display().to_string());
}

#[test]
fn the_lenient_know_what_does_not_depend_on_commands() {
    let system = system();
    let text = "R1=a\nR2=$(date)\nif [ \"$(date)\" = x ]; then R3=b; else R4=c; fi\nR5=d$R2\nR6=e\n\
                while read x; do R7=1; done < /x\nfoo bar | R8=2\nR9[1]=a\nR9[2]=$(date)\n. /nonexistent/x\nR10=$LATER\n";
    let outcome = eval::evaluate(text, None, &Directives::new(), &shell(&system, Reach::Lenient)).unwrap();
    let known: BTreeMap<_, _> = outcome.directives.iter().map(|(name, values)| (name.as_str(), values.len())).collect();
    assert_eq!(known, BTreeMap::from([("R1", 1), ("R6", 1), ("R9", 1)]));
    let unknown: BTreeMap<_, _> = outcome.unknown.iter().map(|u| (u.name.as_str(), (u.index, u.line))).collect();
    let expected = [
        ("R10", (Some(0), 10)),
        ("R2", (Some(0), 2)),
        ("R3", (None, 3)),
        ("R4", (None, 3)),
        ("R5", (Some(0), 2)),
        ("R7", (None, 6)),
        ("R8", (None, 7)),
        ("R9", (Some(2), 9)),
    ];
    assert_eq!(unknown, BTreeMap::from(expected));
}

#[test]
fn the_second_evaluation_expands_splits_and_loses_as_the_original_does() {
    let cases = [
        ("R='make  -C \"$kernelver\"   x'", "make -C 6.1.0-56-amd64 x"),
        ("R=\"make \\$kernelver\"", "make 6.1.0-56-amd64"),
        ("R='a\n  --x=\"\"\n  '", "a --x= "),
        ("R=\"find -name 'xt_*.ko' -exec mv {} x \\;\"", "find -name 'xt_*.ko' -exec mv {} x \\;"),
        ("R='^3\\.1[4-9].*|^[4-9].*'", "^3\\.1[4-9].*|^[4-9].*"),
        ("R='  lead'", " lead"),
        ("LOCAL=x; R='a$LOCAL'", "a"),
        ("R='x /etc/passw? y'", "x /etc/passwd y"),
        ("R='\\\\\\\\x'", "\\\\x"),
    ];
    let system = system();
    let shell = Shell { evaluations: Evaluations::Two, ..shell(&system, Reach::Native) };
    let folder = tempfile::tempdir().unwrap();
    for (text, expected) in cases {
        let file = folder.path().join("dkms.conf");
        fs_err::write(&file, text).unwrap();
        let reading = shell.read(&file, &Directives::new()).unwrap();
        assert_eq!(reading.directives["R"][&0], expected, "{text}");
    }
    let file = folder.path().join("dkms.conf");
    fs_err::write(&file, "R='a \"x y\" b'\n").unwrap();
    let shell = Shell { evaluations: Evaluations::Two, ..self::shell(&system, Reach::Bash) };
    let reading = shell.read(&file, &Directives::new()).unwrap();
    assert_eq!(reading.directives.get("R"), None);
    assert!(reading.notices[0].contains("R[0] is lost"), "{:?}", reading.notices);
}

#[test]
fn a_syntax_error_shows_line_and_caret() {
    let file = Path::new("dkms.conf");
    let text = "R=1\nif ; then R=2; fi\n";
    let error = native(&system(), text).unwrap_err().into_error(file, text).to_string();
    assert_eq!(error, "dkms.conf:2: syntax error near here\n 2 | if ; then R=2; fi\n   |    ^");
}

#[test]
fn a_sourced_kernel_configuration_is_read_natively() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".config");
    let plain = "# Automatically generated\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"a b\"\n\nCONFIG_N=12\n";
    for config in [plain.to_owned(), format!("{plain}CONFIG_D=$CONFIG_N\n")] {
        fs_err::write(&file, config).unwrap();
        let text = format!(
            "if [ -f {0} ]; then . {0}; fi\nR=\"$CONFIG_A $CONFIG_C ${{CONFIG_B:-n}}\" R2=$CONFIG_N\n",
            file.display()
        );
        let system = system();
        assert_eq!(native(&system, &text).unwrap(), real(&system, &text));
    }
}

#[test]
fn uname_tells_the_kernel_that_is_asked_about_also_in_a_root_that_does_not_run() {
    let elsewhere = tempfile::tempdir().unwrap();
    for root in [Path::new("/"), elsewhere.path()] {
        let system = system().with_root(root).with_running(None, None);
        let (plain, by_bash) = ("R=$(uname -r)", "R=$(uname -r | cat)");
        let value = |directives: Directives| directives.get("R").and_then(|values| values.get(&0)).cloned();
        let asked = Some("6.1.0-56-amd64".to_owned());
        assert_eq!(native(&system, plain).ok().and_then(value), asked, "{}", root.display());
        assert_eq!(value(real(&system, by_bash)), asked, "{}", root.display());
        assert_eq!(value(real(&system, "R=$(uname -s | cat)")).as_deref(), Some("Linux"));
    }
}
