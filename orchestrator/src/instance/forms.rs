//! Values with more than one spelling: a port as a number or a mapping, interfaces as a word or a list.
//!
//! serde's own untagged enums say only that nothing fitted; these readers say what is wrong with what stands there.

use super::model::{Auto, Interfaces, PortSpec, PortWith, Scalar};
use sanctum_types::IfName;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;
use std::num::NonZeroU16;

impl<'de> Deserialize<'de> for PortSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Port;
        impl<'de> Visitor<'de> for Port {
            type Value = PortSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port from 1 to 65535, or `{port: 53, transport: udp}`")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<PortSpec, E> {
                let port = u16::try_from(number).ok().and_then(NonZeroU16::new);
                port.map(PortSpec::Tcp)
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<PortSpec, E> {
                let positive = u64::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
                self.visit_u64(positive)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PortSpec, A::Error> {
                PortWith::deserialize(MapAccessDeserializer::new(map)).map(PortSpec::With)
            }
        }
        deserializer.deserialize_any(Port)
    }
}

impl<'de> Deserialize<'de> for Interfaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Interfaces;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto`, an interface name or a list of interface names")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Interfaces, E> {
                if word == "auto" {
                    return Ok(Interfaces::Auto(Auto::Auto));
                }
                IfName::new(word).map(Interfaces::One).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Interfaces, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element::<IfName>()? {
                    names.push(name);
                }
                Ok(Interfaces::Many(names))
            }
        }
        deserializer.deserialize_any(Names)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, `true` or `false`")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
                i64::try_from(number)
                    .map(Scalar::Number)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(One)
    }
}
