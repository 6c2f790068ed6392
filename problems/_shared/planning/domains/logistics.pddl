; Trucks carry packages within a city, aeroplanes carry them between the airports of cities.
(define (domain logistics)
  (:requirements :strips :typing)
  (:types
    city place thing - object
    airport - place
    package vehicle - thing
    truck plane - vehicle)
  (:predicates
    (in-city ?p - place ?c - city)
    (at ?x - thing ?p - place)
    (in ?k - package ?v - vehicle))
  (:action load
    :parameters (?k - package ?v - vehicle ?p - place)
    :precondition (and (at ?v ?p) (at ?k ?p))
    :effect (and (in ?k ?v) (not (at ?k ?p))))
  (:action unload
    :parameters (?k - package ?v - vehicle ?p - place)
    :precondition (and (at ?v ?p) (in ?k ?v))
    :effect (and (at ?k ?p) (not (in ?k ?v))))
  (:action drive
    :parameters (?t - truck ?from - place ?to - place ?c - city)
    :precondition (and (at ?t ?from) (in-city ?from ?c) (in-city ?to ?c))
    :effect (and (at ?t ?to) (not (at ?t ?from))))
  (:action fly
    :parameters (?a - plane ?from - airport ?to - airport)
    :precondition (at ?a ?from)
    :effect (and (at ?a ?to) (not (at ?a ?from)))))
