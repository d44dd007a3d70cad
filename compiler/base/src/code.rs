//! The registry of diagnostic codes. A code exists if and only if its page `book/src/errors/<code>-<slug>.md` exists
//! and a test triggers it (invariant 4).
//!
//! Ranges: `E00xx` reader, `E01xx` names and forms, `E02xx` types, `E03xx` target and back end, `E04xx` run time,
//! `E05xx` command line, files and the compiler itself, `W0xxx` warnings.

use crate::diagnostic::Severity;

macro_rules! codes {
    ($($name:ident $code:literal $slug:literal $title:literal;)*) => {
        /// A stable diagnostic code.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Code { $(#[doc = $title] $name),* }

        impl Code {
            /// Every code, in order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as shown to people: `E0123`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),* }
            }

            /// The name of the page: `unclosed-delimiter`.
            pub const fn slug(self) -> &'static str {
                match self { $(Code::$name => $slug),* }
            }

            /// One line that names the fault.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            /// The page of the book about this code, in Markdown: what `ovsmc explain` prints.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Code::$name => include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"), "/../../book/src/errors/", $code, "-", $slug, ".md"
                    ))),*
                }
            }
        }
    };
}

codes! {
    UnclosedDelimiter "E0001" "unclosed-delimiter" "an opening bracket is never closed";
    StrayCloser "E0002" "stray-closer" "a closing bracket has no opening one";
    MismatchedCloser "E0003" "mismatched-closer" "a bracket is closed by one of another kind";
    UnterminatedString "E0004" "unterminated-string" "a string has no closing quote";
    UnterminatedComment "E0005" "unterminated-comment" "a block comment is never closed";
    BadEscape "E0006" "bad-escape" "an escape sequence is not one of the language";
    MalformedNumber "E0007" "malformed-number" "a number is not written correctly";
    UnknownCharacterName "E0008" "unknown-character-name" "a character literal names no character";
    NestingTooDeep "E0009" "nesting-too-deep" "brackets are nested too deeply";
    UnexpectedCharacter "E0010" "unexpected-character" "a character can not stand in source text";
    PrefixWithoutForm "E0011" "prefix-without-form" "a quote or a form comment is followed by nothing";
    MalformedObject "E0012" "malformed-object" "an object literal is not made of key-value pairs";
    SourceTooLarge "E0013" "source-too-large" "a source file is too large";
    NotUtf8 "E0014" "not-utf8" "a source file is not UTF-8 text";

    UnknownName "E0101" "unknown-name" "a name is not defined";
    MalformedForm "E0102" "malformed-form" "a form is not written as its rule says";
    WrongArity "E0103" "wrong-arity" "a call has the wrong number of arguments";
    DuplicateDefinition "E0104" "duplicate-definition" "a name is defined twice";
    DuplicateParameter "E0105" "duplicate-parameter" "a parameter appears twice";
    AssignToConstant "E0106" "assign-to-constant" "a constant can not be assigned";
    NotCallable "E0107" "not-callable" "what is called is not a function";
    FunctionAsValue "E0108" "function-as-value" "a function is used as a value";
    UnsupportedForm "E0109" "unsupported-form" "this part of the language is not available here";
    EmptyApplication "E0110" "empty-application" "an empty list is not a call";
    ReservedName "E0111" "reserved-name" "the name of a special form can not be defined";
    MisplacedDefinition "E0112" "misplaced-definition" "a definition stands where only an expression can";
    UseBeforeDefinition "E0113" "use-before-definition" "a variable is used before its definition has run";
    MacroFailed "E0114" "macro-failed" "a macro or compile-time code failed";
    MacroLimit "E0115" "macro-limit" "a macro needs more than it may";
    MisplacedJump "E0116" "misplaced-jump" "a jump has nothing to jump to";
    NotAPlace "E0117" "not-a-place" "something that is no place is assigned";
    UnknownImport "E0118" "unknown-import" "a module does not export a name";
    ImportCycle "E0119" "import-cycle" "modules import each other";
    UnknownModule "E0120" "unknown-module" "a module does not exist";
    AmbiguousImport "E0121" "ambiguous-import" "an imported name has two meanings";
    AssignToImported "E0122" "assign-to-imported" "a variable of another module is assigned";
    UndeclaredEffect "E0123" "undeclared-effect" "a function does more than it states";
    LibraryOfScripts "E0124" "library-of-scripts" "a function of the library can not be part of a program";

    TypeMismatch "E0201" "type-mismatch" "a value has another type than the one needed";
    MixedIntegers "E0202" "mixed-integers" "two integer types meet in one operation";
    LiteralOutOfRange "E0203" "literal-out-of-range" "an integer literal does not fit its type";
    UnknownType "E0204" "unknown-type" "a type is not known";
    NotAnInteger "E0205" "not-an-integer" "an arithmetic operation meets a value that is no integer";
    BranchTypes "E0206" "branch-types" "the branches of a form have different types";
    LiteralStringNeeded "E0208" "literal-string-needed" "an argument must be a string literal";
    IndexOutOfRange "E0209" "index-out-of-range" "an array has no item at a place that is written out";
    UnknownField "E0210" "unknown-field" "a record has no field of this name";
    TypeNeeded "E0211" "type-needed" "the type of a value is not known where it has to be";
    SharedCode "E0212" "shared-code" "two errors or instructions of a program have the same code";
    TooManyInstances "E0213" "too-many-instances" "functions have too many instances";
    RefinementViolated "E0214" "refinement-violated" "a constant is refused by the condition of its type";
    CertainFailure "E0215" "certain-failure" "an operation fails whenever the script runs";

    UnknownSyscall "E0302" "unknown-syscall" "a syscall is not one of Solana's";
    FrameTooLarge "E0303" "frame-too-large" "a function needs more than one stack frame";
    BadReturnCode "E0304" "bad-return-code" "the last value of a program is not a return code";
    TooManyArguments "E0305" "too-many-arguments" "a function has more parameters than the target can pass";
    ProgramTooLarge "E0306" "program-too-large" "a program is larger than the target allows";
    OverBudget "E0307" "over-budget" "something needs more than it declares";
    CertainRefusal "E0308" "certain-refusal" "the runtime always refuses what an instruction asks for";

    RuntimeOverflow "E0401" "runtime-overflow" "an integer operation overflowed";
    RuntimeDivisionByZero "E0402" "runtime-division-by-zero" "a division by zero";
    RuntimeShift "E0403" "runtime-shift" "a shift amount is out of range";
    RuntimeConversion "E0404" "runtime-conversion" "a value does not fit the type it is converted to";
    RuntimeAccountIndex "E0405" "runtime-account-index" "an account index is out of range";
    RuntimeStackOverflow "E0406" "runtime-stack-overflow" "calls are nested too deeply";
    RuntimeOutOfFuel "E0407" "runtime-out-of-fuel" "a script ran out of fuel";
    RuntimeMemoryAccess "E0408" "runtime-memory-access" "a memory access is outside every region";
    RuntimeAborted "E0409" "runtime-aborted" "a program aborted itself";
    RuntimeSyscall "E0410" "runtime-syscall" "a syscall failed or does not exist outside a validator";
    RuntimeRequirement "E0411" "runtime-requirement" "an account requirement does not hold";
    RuntimeType "E0412" "runtime-type" "a value has the wrong type";
    RuntimeArity "E0413" "runtime-arity" "a function was called with the wrong number of arguments";
    RuntimeIndex "E0414" "runtime-index" "a position is outside of a sequence";
    RuntimeUndefined "E0415" "runtime-undefined" "a variable has no value yet";
    RuntimeLimit "E0416" "runtime-limit" "a limit was reached";
    RuntimePermission "E0417" "runtime-permission" "a script did something that it is not permitted";
    RuntimeAssertion "E0418" "runtime-assertion" "an assertion does not hold";
    RuntimeThrow "E0419" "runtime-throw" "a throw has no catch";
    RuntimeValue "E0420" "runtime-value" "a value is outside of what an operation takes";
    RuntimeParse "E0421" "runtime-parse" "a text can not be read";
    RuntimeIo "E0422" "runtime-io" "reading or writing failed";
    RuntimeUser "E0423" "runtime-user" "a script raised an error";
    RuntimeStopped "E0424" "runtime-stopped" "a run was stopped";

    CannotRead "E0501" "cannot-read" "a file can not be read";
    CannotWrite "E0502" "cannot-write" "a file can not be written";
    BadObjectFile "E0503" "bad-object-file" "a file is not an sBPF program";
    InternalError "E0504" "internal-error" "the compiler itself failed";
    UnknownCode "E0505" "unknown-code" "a diagnostic code does not exist";
    NoInterface "E0506" "no-interface" "a file has no interface to compare";
    NotReproduced "E0507" "not-reproduced" "a program is not what its source or its own record says";

    BoolReturnCode "W0001" "bool-return-code" "a program ends in a truth value";
    ShadowedBuiltin "W0002" "shadowed-builtin" "a definition hides a built-in";
    UnreachableClause "W0003" "unreachable-clause" "a clause is never reached";
    NonExhaustiveMatch "W0004" "non-exhaustive-match" "a match over an enum leaves a variant out";
    UnusedImport "W0005" "unused-import" "nothing of an imported module is used";
    Lint "W0006" "lint" "a lint found something";
    HiddenImport "W0007" "hidden-import" "a definition hides an imported name";
    RepeatedImport "W0008" "repeated-import" "a module is imported twice";
}

impl Code {
    /// Errors for `E…`, warnings for `W…`.
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code with this text, in either case of letters.
    pub fn from_text(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_can_be_found() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.as_str() < b.as_str()));
        for code in Code::ALL {
            assert_eq!(Code::from_text(&code.as_str().to_lowercase()), Some(*code));
        }
        assert_eq!(Code::from_text("E9999"), None);
    }

    #[test]
    fn every_page_begins_with_its_code_and_title() {
        for code in Code::ALL {
            let heading = format!("# {}: {}\n", code.as_str(), code.title());
            assert!(code.page().starts_with(&heading), "{code}");
        }
    }
}
